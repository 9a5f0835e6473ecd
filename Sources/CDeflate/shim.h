// libdeflate, of which its CRC-32 alone is used.
#pragma once
#include <libdeflate.h>
