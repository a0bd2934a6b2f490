/*
 * user_import.h - the verb "import" of `postern user`. Private to cli/.
 */
#ifndef CLI_USER_IMPORT_H
#define CLI_USER_IMPORT_H

int cli_user_import(int argc, char **argv);

#endif
