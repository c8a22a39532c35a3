// LOAD_STREAM and NEXT_STREAM of forward_amd64.h for one stream, whose list and
// state the tile holds, and for the streams of a batchTile.

#define LOAD_ONE \
	MOVQ tile_rows(DI), BX; \
	MOVQ tile_values(DI), R13; \
	MOVQ tile_ends(DI), R8; \
	MOVQ tile_steps(DI), R9; \
	MOVQ tile_s(DI), R10; \
	MOVQ tile_y(DI), R11; \
	MOVQ tile_soft(DI), R12

// The spikes of 32 neurons lie in four bytes, their membranes in 128.
#define LOAD_NEXT \
	MOVQ batchTile_streams(DI), AX; \
	MOVQ batchTile_count(DI), CX; \
	MOVQ AX, batchTile_stream(DI); \
	MOVQ CX, batchTile_left(DI); \
stream: \
	MOVQ batchTile_stream(DI), AX; \
	MOVQ stream_rows(AX), BX; \
	MOVQ BX, tile_rows(DI); \
	MOVQ stream_values(AX), R13; \
	MOVQ stream_ends(AX), R8; \
	MOVQ stream_steps(AX), R9; \
	MOVQ batchTile_offset(DI), CX; \
	MOVQ stream_s(AX), R10; \
	ADDQ CX, R10; \
	MOVQ stream_soft(AX), R12; \
	ADDQ CX, R12; \
	SHRQ $5, CX; \
	MOVQ stream_y(AX), R11; \
	ADDQ CX, R11

#define AGAIN \
	ADDQ $stream__size, batchTile_stream(DI); \
	DECQ batchTile_left(DI); \
	JNZ  stream; \
	ADDQ $(4*COLUMNS), batchTile_offset(DI)
