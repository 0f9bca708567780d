/* Put each buffer of posix_memalign right before a page that must not be touched.
 *
 * Whoever writes or reads beyond the end of a buffer dies there and then, and not, perhaps, later.
 * Torch and oneDNN take their tensors and scratch memory from posix_memalign. Freed pages become
 * untouchable too. Loaded with LD_PRELOAD by bench/convolution_crash.py; Linux.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define ARENA (1UL << 44) /* bytes of addresses, not of memory */
#define PAGE 4096UL

static char *arena;
static _Atomic size_t used;
static void (*libc_free)(void *);
static int (*libc_memalign)(void **, size_t, size_t);
static void *(*libc_realloc)(void *, size_t);
static size_t (*libc_usable)(void *);

__attribute__((constructor)) static void start(void) {
    libc_free = dlsym(RTLD_NEXT, "free");
    libc_memalign = dlsym(RTLD_NEXT, "posix_memalign");
    libc_realloc = dlsym(RTLD_NEXT, "realloc");
    libc_usable = dlsym(RTLD_NEXT, "malloc_usable_size");
    void *found = mmap(0, ARENA, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (found != MAP_FAILED) arena = found;
}

static int is_ours(void *p) {
    return arena && (char *)p >= arena && (char *)p < arena + ARENA;
}

/* The word before a buffer holds where its pages begin; their first words hold two sizes. */
static size_t *head_of(void *p) { return (size_t *)((size_t *)p)[-1]; }

int posix_memalign(void **out, size_t alignment, size_t size) {
    if (!arena || size < 64 || alignment > PAGE) {
        if (!libc_memalign) libc_memalign = dlsym(RTLD_NEXT, "posix_memalign");
        return libc_memalign(out, alignment, size);
    }
    size_t rounded = (size + alignment - 1) / alignment * alignment;
    size_t body = (rounded + PAGE - 1) / PAGE * PAGE + PAGE;
    size_t at = atomic_fetch_add(&used, body + PAGE);
    if (at + body + PAGE > ARENA) return ENOMEM;
    char *base = arena + at;
    if (mprotect(base, body, PROT_READ | PROT_WRITE)) return ENOMEM;
    ((size_t *)base)[0] = body;
    ((size_t *)base)[1] = size;
    char *p = base + body - rounded;
    ((size_t *)p)[-1] = (size_t)base;
    *out = p;
    return 0;
}

void free(void *p) {
    if (is_ours(p)) {
        size_t *head = head_of(p), body = head[0];
        madvise(head, body, MADV_DONTNEED);
        mprotect(head, body, PROT_NONE);
        return;
    }
    if (!libc_free) libc_free = dlsym(RTLD_NEXT, "free");
    libc_free(p);
}

void *memalign(size_t alignment, size_t size) {
    void *p = 0;
    errno = posix_memalign(&p, alignment < sizeof(p) ? sizeof(p) : alignment, size);
    return p;
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

size_t malloc_usable_size(void *p) { return is_ours(p) ? head_of(p)[1] : libc_usable(p); }

void *realloc(void *p, size_t size) {
    if (is_ours(p)) {
        void *q = malloc(size);
        size_t old = head_of(p)[1];
        if (q) memcpy(q, p, old < size ? old : size), free(p);
        return q;
    }
    if (!libc_realloc) libc_realloc = dlsym(RTLD_NEXT, "realloc");
    return libc_realloc(p, size);
}
