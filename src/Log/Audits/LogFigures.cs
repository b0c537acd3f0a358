using Loire.Model;

namespace Loire.Log.Audits;

/// <summary>The size of one log in a store.</summary>
/// <param name="Log">The name of the log.</param>
/// <param name="Error">Why it cannot be read: it is damaged or being deleted; only its objects are counted then.</param>
/// <param name="Objects">All objects, the head included.</param>
/// <param name="Chunks">Those with the records of one write.</param>
/// <param name="Segments">Those with the records of several writes.</param>
/// <param name="Pages">Those that list others.</param>
/// <param name="Snapshots">Those with the state of a journal's owner.</param>
/// <param name="Garbage">Those that are to be deleted.</param>
/// <param name="Bytes">The bytes of chunks, segments and snapshots.</param>
/// <param name="IndexBytes">The bytes of pages.</param>
/// <param name="Start">The first offset that can be read; of a journal, the number of records before the first one.</param>
/// <param name="End">The offset after the last record.</param>
/// <param name="Oldest">The greatest timestamp of the oldest object of which it is known; <see cref="Timestamp.None"/> if of none.</param>
/// <param name="Newest">The greatest timestamp of all; <see cref="Timestamp.None"/> if none is known.</param>
public sealed record LogFigures(
    string Log, ErrorCode Error, int Objects, int Chunks, int Segments, int Pages, int Snapshots, int Garbage, long Bytes, long IndexBytes,
    Offset Start, Offset End, Timestamp Oldest, Timestamp Newest);
