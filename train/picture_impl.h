/* picture_impl.h - programs of others that draw pictures. */
#pragma once
#include "train/train.h"

/* Runs a program to its end, silently and without a shell; it reads from a descriptor, or if that is negative nothing. False
 * if it could not be started or says no: what went wrong is the caller's to say. */
bool tw__run_quietly(char *const *arguments, int input);
