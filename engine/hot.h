/* engine/hot.h - last include of a file that runs while events run: such code owns its memory before it starts. */
#ifndef ARCHI_HOT_H
#define ARCHI_HOT_H

#if defined(__GNUC__) && !defined(__CUDACC__)
#pragma GCC poison malloc calloc realloc aligned_alloc free printf fprintf
#endif

#endif
