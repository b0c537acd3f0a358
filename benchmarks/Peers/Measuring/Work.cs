namespace Loire.Peers.Benchmarks.Measuring;

/// <summary>What everyone does in one turn: append the records to so many streams, and read all of them back.</summary>
/// <param name="RecordBytes">Bytes of a value. There are no keys and no headers.</param>
/// <param name="Streams">Partitions of Loire's topic; streams of the others.</param>
/// <param name="IsBatched">Whether records are sent while others are not acknowledged yet, or each stream's producer awaits one after the other.</param>
/// <param name="Records">Of all streams together.</param>
internal sealed record Work(int RecordBytes, int Streams, bool IsBatched, int Records)
{
    public Payload Payload { get; } = new(RecordBytes);

    public string Name =>
        $"{(RecordBytes >= 1_024 ? $"{RecordBytes / 1_024} KB" : $"{RecordBytes} B")}, {(Streams == 1 ? "1 stream" : $"{Streams} streams")}, "
        + (IsBatched ? "batched" : "one by one");
}
