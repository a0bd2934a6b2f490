/*
 * user_explain.h - the verb "explain" of `postern user`. Private to cli/.
 */
#ifndef CLI_USER_EXPLAIN_H
#define CLI_USER_EXPLAIN_H

int cli_user_explain(int argc, char **argv);

#endif
