// LOAD_STREAM and NEXT_STREAM of forward_amd64.h for one stream, whose list and
// state the tile holds, and for the streams of a batchTile.

#define LOAD_ONE \
	MOVQ tile_rows(DI), BX; \
	MOVQ tile_values(DI), R13; \
	MOVQ tile_ends(DI), R8; \
	MOVQ tile_steps(DI), R9; \
	MOVQ tile_s(DI), R10; \
	MOVQ tile_out(DI), R11

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
	MOVQ stream_s(AX), R10; \
	MOVQ stream_out(AX), R11

#define AGAIN \
	ADDQ $stream__size, batchTile_stream(DI); \
	DECQ batchTile_left(DI); \
	JNZ  stream
