using Loire.Grains.Interfaces.Partitions;
using Loire.Model;

namespace Loire.Edge.Topics;

/// <summary>
/// Estimates how many bytes a fetch brings, from what earlier answers said about the end of the partition and the size of its records. Records
/// that arrive while a fetch waits are not foreseen. Thread-safe: an estimate may mix two answers.
/// </summary>
public sealed class ExpectedBytes
{
    private long _end = -1;
    private long _recordBytes;

    /// <summary>Learns from an answer.</summary>
    public void Learn(FetchRequest request, FetchResult answer)
    {
        if (answer.Error != ErrorCode.None)
        {
            return;
        }

        Volatile.Write(ref _end, answer.Bounds.HighWatermark.Value);
        var first = request.From >= Offset.Zero ? request.From : answer.Bounds.LogStart;
        if (answer.NextOffset > first)
        {
            var bytes = 0L;
            foreach (var piece in answer.Batches)
            {
                bytes += piece.Length;
            }

            Volatile.Write(ref _recordBytes, Math.Max(1, bytes / (answer.NextOffset - first)));
        }
    }

    /// <summary>The bytes that a fetch is expected to bring at once; zero if it probably waits, or nothing is known.</summary>
    public long Of(FetchRequest request)
    {
        var (end, recordBytes) = (Volatile.Read(ref _end), Volatile.Read(ref _recordBytes));
        var from = request.From == FetchRequest.Earliest ? 0 : request.From.Value;
        if (from < 0 || from >= end)
        {
            return 0;
        }

        var bytes = recordBytes == 0 || end - from > request.MaxBytes / recordBytes ? request.MaxBytes : (end - from) * recordBytes;
        return bytes >= request.MinBytes ? bytes : 0;
    }
}
