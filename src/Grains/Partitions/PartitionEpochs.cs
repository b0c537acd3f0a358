using Loire.Grains.Interfaces.Partitions;
using Loire.Log.Partitions;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Grains.Partitions;

/// <summary>
/// The leader epochs of one partition, as its log has them: every batch carries the epoch of the leader that appended it, so where an earlier epoch ends is
/// found by a binary search. That never changes, and is remembered.
/// </summary>
/// <param name="log">The log.</param>
/// <param name="highWatermark">The end of what is committed.</param>
/// <param name="newest">Ensures that the end of the log is known, as it is at the time of the call.</param>
internal sealed class PartitionEpochs(PartitionLog log, Func<Offset> highWatermark, Func<ValueTask<ErrorCode>> newest)
{
    private const int Remembered = 64;

    private readonly Dictionary<LeaderEpoch, Offset> _ends = [];

    /// <summary>The epoch of the present leader. A log that nobody has written to is that of its first leader.</summary>
    public LeaderEpoch Current => log.Epoch == LeaderEpoch.None ? new LeaderEpoch(0) : log.Epoch;

    /// <summary>Compares the leader in which a reader believes with the present one.</summary>
    public async ValueTask<ErrorCode> CheckAsync(LeaderEpoch known)
    {
        if (known > Current && await newest() is not ErrorCode.None and var error)
        {
            return error;
        }

        return known == LeaderEpoch.None || known == Current ? ErrorCode.None
            : known < Current ? ErrorCode.FencedLeaderEpoch
            : ErrorCode.UnknownLeaderEpoch;
    }

    /// <summary>Finds where an epoch ends. Every epoch up to the present one has had a leader, whether it appended something or not.</summary>
    /// <returns>The end; null for an epoch that is not reached yet.</returns>
    public async ValueTask<(ErrorCode Error, EpochEnd? End)> EndOfAsync(LeaderEpoch epoch)
    {
        if (epoch >= Current && await newest() is not ErrorCode.None and var error)
        {
            return (error, null);
        }

        if (epoch < new LeaderEpoch(0) || epoch > Current)
        {
            return (ErrorCode.None, null);
        }

        if (epoch == Current)
        {
            return (ErrorCode.None, new EpochEnd(epoch, highWatermark()));
        }

        if (!_ends.TryGetValue(epoch, out var end))
        {
            (error, end) = await SearchAsync(epoch);
            if (error != ErrorCode.None)
            {
                return (error, null);
            }

            // Once a later leader has appended something, the epoch cannot grow.
            if (end < highWatermark())
            {
                if (_ends.Count >= Remembered)
                {
                    _ends.Clear();
                }

                _ends[epoch] = end;
            }
        }

        return (ErrorCode.None, new EpochEnd(epoch, end));
    }

    /// <summary>Finds the first batch of a later epoch; the end of what is committed, if there is none.</summary>
    private async ValueTask<(ErrorCode Error, Offset End)> SearchAsync(LeaderEpoch epoch)
    {
        var (low, high) = (log.LogStartOffset, highWatermark());
        var end = high;
        while (low < high)
        {
            var middle = low + ((high - low) / 2);
            var read = await log.ReadAsync(middle, 1, CancellationToken.None);
            if (read.Error == ErrorCode.OffsetOutOfRange && middle < log.LogStartOffset)
            {
                // Records were deleted meanwhile.
                low = log.LogStartOffset;
                continue;
            }

            if (read.Error != ErrorCode.None)
            {
                return (read.Error == ErrorCode.CorruptMessage ? ErrorCode.KafkaStorageError : read.Error, Offset.None);
            }

            // Where compaction has removed everything up to the end, no batch follows.
            var batch = read.Pieces.Length == 0 ? (Base: high, Next: high, Epoch: epoch) : First(read.Pieces);
            if (batch.Base >= high)
            {
                high = middle;
            }
            else if (batch.Epoch > epoch)
            {
                end = batch.Base;
                high = Offset.Min(middle, batch.Base);
            }
            else
            {
                low = batch.Next;
            }
        }

        return (ErrorCode.None, end);
    }

    private static (Offset Base, Offset Next, LeaderEpoch Epoch) First(ReadOnlyMemory<byte>[] pieces)
    {
        var batch = BatchPieces.First(pieces, stackalloc byte[RecordBatch.HeaderSize]);
        return (batch.BaseOffset, batch.NextOffset, batch.LeaderEpoch);
    }
}
