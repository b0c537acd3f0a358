using Loire.Model.Batches;
using Loire.Peers.Benchmarks.Measuring;

namespace Loire.Peers.Benchmarks.Loire;

/// <summary>Takes the records from the body of an answer as it comes.</summary>
internal static class HttpBody
{
    /// <summary>Takes what is there as a whole, and returns how many bytes that was.</summary>
    public delegate int Taker(ReadOnlySpan<byte> bytes, Tally tally);

    public static async Task ReadAsync(Stream body, Taker take, Tally tally)
    {
        var buffer = new byte[1024 * 1024];
        var length = 0;
        int read;
        while ((read = await body.ReadAsync(buffer.AsMemory(length))) > 0)
        {
            length += read;
            var taken = take(buffer.AsSpan(0, length), tally);
            buffer.AsSpan(taken, length - taken).CopyTo(buffer);
            length -= taken;
            if (length == buffer.Length)
            {
                Array.Resize(ref buffer, 2 * buffer.Length);
            }
        }

        if (length > 0)
        {
            throw new InvalidDataException("The answer ends within a record.");
        }
    }

    public static int TakeLines(ReadOnlySpan<byte> bytes, Tally tally)
    {
        var taken = 0;
        for (int end; (end = bytes[taken..].IndexOf((byte)'\n')) >= 0; taken += end + 1)
        {
            tally.Add(bytes.Slice(taken, end));
        }

        return taken;
    }

    public static int TakeBatches(ReadOnlySpan<byte> bytes, Tally tally)
    {
        var taken = 0;
        while (RecordBatch.TryRead(bytes[taken..], out var batch) == ErrorCode.None)
        {
            if (!batch.CrcIsValid())
            {
                throw new InvalidDataException("A batch came back damaged.");
            }

            var records = new RecordReader(batch, batch.Payload);
            while (records.MoveNext())
            {
                tally.Add(records.Current.Value);
            }

            taken += batch.SizeInBytes;
        }

        return taken;
    }
}
