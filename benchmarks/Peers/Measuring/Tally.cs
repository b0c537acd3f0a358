namespace Loire.Peers.Benchmarks.Measuring;

/// <summary>Counts what was read back: every record's bytes are compared, and the sum of the numbers tells whether one is missing or came twice.</summary>
internal sealed class Tally(Payload payload)
{
    private long _numbers;

    public long Records { get; private set; }

    public void Add(ReadOnlySpan<byte> value)
    {
        if (!payload.TryRead(value, out var number))
        {
            throw new InvalidDataException($"A record of {value.Length} bytes came back that nobody wrote.");
        }

        Records++;
        _numbers += number;
    }

    public static void Check(IReadOnlyCollection<Tally> tallies, int records)
    {
        var (count, numbers) = (tallies.Sum(tally => tally.Records), tallies.Sum(tally => tally._numbers));
        if (count != records || numbers != (long)records * (records - 1) / 2)
        {
            throw new InvalidDataException($"{records} records were written, and {count} came back that are not exactly these.");
        }
    }
}
