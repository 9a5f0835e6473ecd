// libmariadb, and the few calls of the kernel that Swift cannot make because they are variadic or have no wrapper in
// every C library that we build with.
#pragma once

#include <fcntl.h>
#include <malloc.h>
#include <mysql.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/// A handle with the deadlines of a connection in whole seconds; 0 waits for ever. NULL without memory.
static inline MYSQL *xdb_mysql_new(unsigned int connect, unsigned int read, unsigned int write) {
    MYSQL *mysql = mysql_init(NULL);
    if (mysql == NULL) return NULL;
    // A client's own option files must not change how the agent connects, so none is read: no MYSQL_READ_DEFAULT_*.
    mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &connect);
    if (read) mysql_options(mysql, MYSQL_OPT_READ_TIMEOUT, &read);
    if (write) mysql_options(mysql, MYSQL_OPT_WRITE_TIMEOUT, &write);
    my_bool local_infile = 0;
    mysql_options(mysql, MYSQL_OPT_LOCAL_INFILE, &local_infile);
    mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    return mysql;
}

/// A descriptor of a process that gets readable when it ends; -1 and errno.
static inline int xdb_pidfd_open(pid_t pid) {
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

/// A signal to exactly the process that the descriptor names, never to a later one with its number; -1 and errno.
static inline int xdb_pidfd_send_signal(int descriptor, int signal) {
    return (int)syscall(SYS_pidfd_send_signal, descriptor, signal, NULL, 0);
}

// The headers show these only with _GNU_SOURCE, which would make their types differ from those that Swift knows.
int syncfs(int descriptor);
int pipe2(int descriptors[2], int flags);
int pthread_setname_np(pthread_t thread, const char *name);
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int first);

/// A pipe whose ends a started program does not get, unless it is given one; -1 and errno.
static inline int xdb_pipe(int descriptors[2]) { return pipe2(descriptors, O_CLOEXEC); }

/// The size of the buffer of a pipe; the kernel may refuse.
static inline void xdb_set_pipe_size(int descriptor, int bytes) {
    // F_SETPIPE_SZ, which the headers show only with _GNU_SOURCE.
    fcntl(descriptor, 1031, bytes);
}

/// O_DIRECT, which the headers show only with _GNU_SOURCE.
static inline int xdb_direct(void) { return __O_DIRECT; }

/// Makes everything durable that the descriptor's file system holds; -1 and errno.
static inline int xdb_syncfs(int descriptor) { return syncfs(descriptor); }

/// Lets a process that has just been started, and all its later threads, have what is left of processors and disks:
/// nice 19, and the idle class of the I/O scheduler.
static inline void xdb_make_idle(pid_t pid) {
    setpriority(PRIO_PROCESS, (id_t)pid, 19);
    // IOPRIO_WHO_PROCESS and IOPRIO_CLASS_IDLE, which no header of the C library has.
    syscall(SYS_ioprio_set, 1, pid, 3 << 13);
}

/// Names the calling thread for debuggers and for top.
static inline void xdb_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

/// The started program gets none of the descriptors from this one on.
static inline void xdb_spawn_close_from(posix_spawn_file_actions_t *actions, int first) {
    posix_spawn_file_actions_addclosefrom_np(actions, first);
}

/// A session of its own for the started program: POSIX_SPAWN_SETSID of glibc.
static inline short xdb_spawn_new_session(void) { return 0x80; }

/// One arena of the C library's allocator for all threads, and memory given back early: an agent is small and lives
/// beside a database that wants the memory. The buffers of a copy are below the bounds: to have each of them mapped, and
/// its pages made anew, would take longer than all that is done with them.
static inline void xdb_small_heap(void) {
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_TRIM_THRESHOLD, 4 << 20);
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
}

/// Nothing given back before the process ends: for one that does the same again and again, and not for long.
static inline void xdb_lasting_heap(void) {
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    mallopt(M_MMAP_THRESHOLD, 16 << 20);
}
