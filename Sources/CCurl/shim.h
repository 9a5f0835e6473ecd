// libcurl's setters and getters are variadic, which Swift cannot call: here they are, typed.
#ifndef XDB_CCURL_SHIM_H
#define XDB_CCURL_SHIM_H

#include <curl/curl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

typedef size_t (*xdb_curl_write_callback)(char *data, size_t size, size_t count, void *context);

static inline CURLcode xdb_curl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode xdb_curl_set_size(CURL *handle, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode xdb_curl_set_string(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode xdb_curl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode xdb_curl_set_list(CURL *handle, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(handle, option, value);
}

// The bytes are copied.
static inline CURLcode xdb_curl_set_blob(CURL *handle, CURLoption option, const void *bytes, size_t count) {
    struct curl_blob blob = {(void *)bytes, count, CURL_BLOB_COPY};
    return curl_easy_setopt(handle, option, &blob);
}

// The bytes are copied.
static inline CURLcode xdb_curl_set_body(CURL *handle, const void *bytes, size_t count) {
    CURLcode code = curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)count);
    return code != CURLE_OK ? code : curl_easy_setopt(handle, CURLOPT_COPYPOSTFIELDS, bytes);
}

static inline CURLcode xdb_curl_set_callback(CURL *handle, CURLoption option, xdb_curl_write_callback callback) {
    return curl_easy_setopt(handle, option, callback);
}

static inline CURLcode xdb_curl_get_long(CURL *handle, CURLINFO info, long *value) {
    return curl_easy_getinfo(handle, info, value);
}

static inline CURLcode xdb_curl_get_size(CURL *handle, CURLINFO info, curl_off_t *value) {
    return curl_easy_getinfo(handle, info, value);
}

static inline CURLcode xdb_curl_get_pointer(CURL *handle, CURLINFO info, void **value) {
    return curl_easy_getinfo(handle, info, value);
}

static inline CURLMcode xdb_curl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

// The result of a finished transfer, and its handle; a null handle for messages of any other kind.
static inline CURL *xdb_curl_finished(CURLM *multi, CURLcode *result, int *left) {
    CURLMsg *message = curl_multi_info_read(multi, left);
    if (!message || message->msg != CURLMSG_DONE) return NULL;
    *result = message->data.result;
    return message->easy_handle;
}

// A child process must not keep a connection open that we have closed.
static inline curl_socket_t xdb_curl_open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address) {
    (void)context;
    (void)purpose;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

// A peer that is gone must be noticed within seconds although nothing closes the connection: data that nobody
// acknowledges for so many milliseconds ends it, and a silent connection is probed.
static inline int xdb_curl_prepare_socket(void *context, curl_socket_t socket, curlsocktype purpose) {
    int milliseconds = (int)(intptr_t)context;
    int idle = 15, interval = 5, count = 3, on = 1;
    (void)purpose;
    setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
    setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
    setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, sizeof milliseconds);
    return CURL_SOCKOPT_OK;
}

static inline void xdb_curl_watch_socket(CURL *handle, int milliseconds) {
    curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, xdb_curl_open_socket);
    curl_easy_setopt(handle, CURLOPT_SOCKOPTFUNCTION, xdb_curl_prepare_socket);
    curl_easy_setopt(handle, CURLOPT_SOCKOPTDATA, (void *)(intptr_t)milliseconds);
}

#endif
