# How the examples are built and run: for the board mps2-an386 of qemu-system-arm, a
# Cortex-M4 with FPU. An example sets NAME, MODEL and SOURCES, and includes this.
#
#   make        builds the example
#   make run    runs it in qemu
#   make size   says what it takes of flash and RAM

HERE   := $(dir $(lastword $(MAKEFILE_LIST)))
SNURUN ?= go run $(HERE)../../../cmd/snurun
CC      = arm-none-eabi-gcc
ARCH   ?= -mcpu=cortex-m4 -mthumb -mfpu=fpv4-sp-d16 -mfloat-abi=hard
QEMU   ?= qemu-system-arm -M mps2-an386
MEMORY ?= -Wl,--defsym=FLASH=0,--defsym=FLASH_SIZE=4M,--defsym=RAM=0x20000000,--defsym=RAM_SIZE=4M
# The folder of what is made here, and in it that of the network as C.
OUT    ?= build
NET     = $(OUT)/net
FLAGS   = -std=gnu99 -Os -Wall -Wextra -ffp-contract=off -ffreestanding -ffunction-sections -fdata-sections -I$(NET) -I$(HERE) $(ARCH)

$(OUT)/$(NAME).elf: $(SOURCES) $(NET)/$(NAME).c $(HERE)startup.c $(HERE)board.ld $(HERE)board.h
	$(CC) $(FLAGS) -nostdlib -Wl,--gc-sections $(MEMORY) -T $(HERE)board.ld $(SOURCES) $(NET)/$(NAME).c $(HERE)startup.c -lgcc -o $@

$(NET)/$(NAME).c: $(MODEL)
	mkdir -p $(OUT)
	$(SNURUN) export c $(MODEL) $(NET) --name $(NAME) --force

run: $(OUT)/$(NAME).elf
	$(QEMU) -nographic -monitor none -serial none -semihosting-config enable=on,target=native -kernel $<

size: $(OUT)/$(NAME).elf
	arm-none-eabi-size -A $<

clean:
	rm -rf $(OUT)

.PHONY: run size clean
