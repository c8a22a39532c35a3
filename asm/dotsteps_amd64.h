// What the kernels of DotSteps have in common: how they move from turn to turn.
// DI is the tile; AX and CX are lost.

// FIRST_TURN begins with input 0.
#define FIRST_TURN \
	MOVQ stepTile_words(DI), AX; \
	MOVQ AX, stepTile_set(DI); \
	MOVQ stepTile_dst(DI), AX; \
	MOVQ AX, stepTile_to(DI); \
	MOVQ (stepTile_parts+stepPart_w)(DI), AX; \
	MOVQ AX, (stepTile_parts+stepPart_row)(DI); \
	MOVQ (stepTile_parts+stepPart__size+stepPart_w)(DI), AX; \
	MOVQ AX, (stepTile_parts+stepPart__size+stepPart_row)(DI)

// NEXT_TURN moves on by the inputs of a turn. The flags say whether any are left:
// GT.
#define NEXT_TURN \
	MOVQ stepTile_turn(DI), CX; \
	LEAQ (CX*4), AX; \
	ADDQ AX, stepTile_set(DI); \
	ADDQ AX, stepTile_to(DI); \
	MOVQ (stepTile_parts+stepPart_wStride)(DI), AX; \
	IMULQ CX, AX; \
	ADDQ AX, (stepTile_parts+stepPart_row)(DI); \
	MOVQ (stepTile_parts+stepPart__size+stepPart_wStride)(DI), AX; \
	IMULQ CX, AX; \
	ADDQ AX, (stepTile_parts+stepPart__size+stepPart_row)(DI); \
	SUBQ CX, stepTile_inputs(DI)
