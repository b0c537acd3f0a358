using Loire.Grains.Interfaces.Partitions;
using Loire.Model.Batches;

namespace Loire.Edge.Fetching;

/// <summary>Leaves the batches of aborted transactions out of what a partition has answered (KIP-98).</summary>
internal static class CommittedBatches
{
    /// <summary>The answer without the batches of the transactions that it names as aborted. Nothing is copied.</summary>
    public static FetchResult Of(FetchResult answer)
    {
        if (answer.Aborted is not { Length: > 0 } named)
        {
            return answer;
        }

        var (begun, aborted) = (0, new HashSet<long>());
        return answer with { Bytes = BatchPieces.Where(answer.Batches, IsWanted), Aborted = null };

        bool IsWanted(RecordBatch batch)
        {
            while (begun < named.Length && named[begun].FirstOffset <= batch.LastOffset)
            {
                aborted.Add(named[begun++].Producer);
            }

            if (batch.IsControl)
            {
                aborted.Remove(batch.ProducerId);
                return true;
            }

            return !batch.IsTransactional || !aborted.Contains(batch.ProducerId);
        }
    }
}
