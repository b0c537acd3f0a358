namespace Loire.Peers.Benchmarks.Measuring;

/// <summary>What everyone does: append the records to so many streams, and read all of them back.</summary>
/// <param name="RecordBytes">Bytes of a value. There are no keys and no headers.</param>
/// <param name="Streams">Partitions of Loire's topic; streams of the others.</param>
/// <param name="IsBatched">Whether records are sent while others are not acknowledged yet, or each stream's producer awaits one after the other.</param>
/// <param name="Records">Of all streams together; every number of producers and slices divides it.</param>
internal sealed record Work(int RecordBytes, int Streams, bool IsBatched, int Records)
{
    private const int Unit = 256;

    public Payload Payload { get; } = new(RecordBytes);

    /// <summary>In how many slices the contenders take turns: a disk changes faster than one by one takes.</summary>
    public int Slices => IsBatched ? 1 : 16;

    public string Name =>
        $"{(RecordBytes >= 1_024 ? $"{RecordBytes / 1_024} KB" : $"{RecordBytes} B")}, {(Streams == 1 ? "1 stream" : $"{Streams} streams")}, "
        + (IsBatched ? "batched" : "one by one");

    /// <summary>Every work, each of a second or a few.</summary>
    public static IEnumerable<Work> All(int percent) =>
        from isBatched in new[] { true, false }
        from bytes in new[] { 1_024, 100 }
        from streams in new[] { 1, 16 }
        let records = isBatched ? (bytes == 100 ? 3_750 : 750) : streams == 1 ? 8 : 32
        select new Work(bytes, streams, isBatched, Math.Max(1, records * percent / 100) * Unit);
}
