/* architech/version.h - the version of the library. */
#ifndef ARCHITECH_VERSION_H
#define ARCHITECH_VERSION_H

#define ARCH_VERSION_MAJOR 0       /* of these headers */
#define ARCH_VERSION_MINOR 1       /* of these headers */
#define ARCH_VERSION_PATCH 0       /* of these headers */
#define ARCH_VERSION       "0.1.0" /* of these headers */

#ifdef __cplusplus
extern "C" {
#endif
const char *arch_version(void); /* of the library that runs, as opposed to the header it was compiled with */
#ifdef __cplusplus
}
#endif
#endif
