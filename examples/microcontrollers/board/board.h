/* What startup.c offers: output by semihosting, which qemu and debuggers have. */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

void out(const char *text);
void out_number(uint32_t number);

/* A file in flash: BOARD_FILE(name, "path") makes name_begin and name_end. */
#define BOARD_FILE(name, path)                                                       \
    __asm__(".pushsection .rodata\n.balign 4\n.global " #name "_begin\n" #name       \
            "_begin:\n.incbin \"" path "\"\n.global " #name "_end\n" #name           \
            "_end:\n.byte 0\n.balign 4\n.popsection\n");                             \
    extern const uint8_t name##_begin[], name##_end[]

#endif
