/*
 * usage: delay MILLISECONDS
 *
 * Delays every packet of netfilter's queue 1 of this network namespace, as `hack/cluster slow` wants it. Packets are let
 * go in the order in which they came, so a burst stays a burst.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

enum { capacity = 1 << 16 };

static struct { uint32_t id; int64_t due; } waiting[capacity];
static unsigned first, count;
static int64_t delay;

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

static int take(struct nfq_q_handle *queue, struct nfgenmsg *message, struct nfq_data *packet, void *context) {
    (void)message, (void)context;
    uint32_t id = ntohl(nfq_get_msg_packet_hdr(packet)->packet_id);
    /* More than a real link would hold: the newest is lost, as on a real link. */
    if (count == capacity) return nfq_set_verdict(queue, id, NF_DROP, 0, NULL);
    unsigned slot = (first + count++) % capacity;
    waiting[slot].id = id;
    waiting[slot].due = now() + delay;
    return 0;
}

int main(int argc, char **argv) {
    delay = argc == 2 ? atoll(argv[1]) : 0;
    if (delay <= 0) return fprintf(stderr, "usage: delay MILLISECONDS\n"), 2;
    struct nfq_handle *handle = nfq_open();
    struct nfq_q_handle *queue = handle ? nfq_create_queue(handle, 1, take, NULL) : NULL;
    if (!queue || nfq_set_mode(queue, NFQNL_COPY_META, 0) < 0) return perror("delay: queue 1"), 1;
    nfq_set_queue_maxlen(queue, capacity);
    struct pollfd ready = {.fd = nfq_fd(handle), .events = POLLIN};
    static char buffer[1 << 16];
    for (;;) {
        int64_t pause = count == 0 ? -1 : waiting[first].due - now();
        if (count != 0 && pause < 0) pause = 0;
        if (poll(&ready, 1, (int)pause) > 0) {
            ssize_t length = recv(ready.fd, buffer, sizeof buffer, 0);
            /* A full socket has lost messages: their packets stay in the kernel's queue until this ends. */
            if (length > 0) nfq_handle_packet(handle, buffer, (int)length);
            else if (errno != ENOBUFS && errno != EINTR) return perror("delay"), 1;
        }
        for (int64_t time = now(); count != 0 && waiting[first].due <= time; count--) {
            nfq_set_verdict(queue, waiting[first].id, NF_ACCEPT, 0, NULL);
            first = (first + 1) % capacity;
        }
    }
}
