/* What runs before main on a Cortex-M, and how it ends: no library, and output by
 * semihosting, which qemu and debuggers have. */
#include "board.h"

extern uint32_t stack_top, data_load, data_start, data_end, bss_start, bss_end;

int main(void);
void reset(void);

static uint32_t semihost(uint32_t operation, const void *argument)
{
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

void out(const char *text)
{
    (void)semihost(4, text); /* SYS_WRITE0 */
}

void out_number(uint32_t number)
{
    char text[11];
    char *first = text + 10;
    *first = 0;
    do {
        *--first = (char)('0' + number % 10u);
        number /= 10u;
    } while (number > 0);
    out(first);
}

static void stop(int code)
{
    const uint32_t block[2] = {0x20026, (uint32_t)code}; /* ADP_Stopped_ApplicationExit */
    if (code == 0) {
        (void)semihost(0x18, (const void *)0x20026); /* SYS_EXIT */
    }
    (void)semihost(0x20, block); /* SYS_EXIT_EXTENDED */
    for (;;) {
    }
}

static void fault(void)
{
    out("fault\n");
    stop(1);
}

void reset(void)
{
    const uint32_t *from = &data_load;
    uint32_t *to;
    for (to = &data_start; to < &data_end; to++) {
        *to = *from++;
    }
    for (to = &bss_start; to < &bss_end; to++) {
        *to = 0;
    }
#if defined(__ARM_FP)
    *(volatile uint32_t *)0xe000ed88 |= 0xfu << 20; /* CPACR: the FPU is on */
    __asm__ volatile("dsb\n\tisb" : : : "memory");
#endif
    stop(main());
}

typedef void (*handler)(void);

__attribute__((section(".vectors"), used)) static const handler vectors[16] = {
    (handler)(uintptr_t)&stack_top, reset, fault, fault, fault, fault, fault, fault,
    fault, fault, fault, fault, fault, fault, fault, fault};

void *memset(void *to, int byte, unsigned n);
void *memcpy(void *to, const void *from, unsigned n);

void *memset(void *to, int byte, unsigned n)
{
    unsigned char *p = to;
    while (n-- > 0) {
        *p++ = (unsigned char)byte;
    }
    return to;
}

void *memcpy(void *to, const void *from, unsigned n)
{
    unsigned char *p = to;
    const unsigned char *q = from;
    while (n-- > 0) {
        *p++ = *q++;
    }
    return to;
}
