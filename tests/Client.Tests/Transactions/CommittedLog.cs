using System.Text;
using Loire.Client.Tests.Nodes;
using Loire.Grains.Interfaces.Partitions;
using Loire.Model;
using Loire.Model.Batches;
using Loire.TestKit;

namespace Loire.Client.Tests.Transactions;

/// <summary>What readers of a partition get now, by the answers of the partition itself.</summary>
internal static class CommittedLog
{
    public static async Task<string> ReadAsync(ClientNode node, string topic, int partition, IsolationLevel isolation)
    {
        var id = new TopicId((await node.Client.Admin.DescribeTopicAsync(topic)).Id);
        return string.Join(' ', await ReadAsync(node.Grains.GetGrain<IPartitionGrain>(new PartitionKey(topic, id, partition).ToString()), isolation));
    }

    public static async Task<List<string>> ReadAsync(IPartitionGrain partition, IsolationLevel isolation)
    {
        var (from, values) = (Offset.Zero, new List<string>());
        while (true)
        {
            var answer = await partition.Fetch(new FetchRequest(from, 1 << 20, 0, TimeSpan.Zero, isolation), default);
            Assert.Equal(ErrorCode.None, answer.Error);
            Add(answer, values);
            if (answer.NextOffset == from)
            {
                return values;
            }

            from = answer.NextOffset;
        }
    }

    private static void Add(FetchResult answer, List<string> values)
    {
        var (named, aborted) = (new Queue<AbortedTransaction>(answer.Aborted ?? []), new HashSet<long>());
        using var decompressor = new BatchDecompressor();
        for (var rest = TestBatches.Join(answer.Batches).AsSpan(); !rest.IsEmpty;)
        {
            Assert.Equal(ErrorCode.None, RecordBatch.TryRead(rest, out var batch));
            while (named.TryPeek(out var next) && next.FirstOffset <= batch.LastOffset)
            {
                aborted.Add(named.Dequeue().Producer);
            }

            if (batch.IsControl)
            {
                aborted.Remove(batch.ProducerId);
            }
            else if (!(batch.IsTransactional && aborted.Contains(batch.ProducerId)))
            {
                Assert.Equal(ErrorCode.None, decompressor.TryDecompress(batch, out var records));
                for (var reader = new RecordReader(batch, records); reader.MoveNext();)
                {
                    values.Add(Encoding.UTF8.GetString(reader.Current.Value));
                }
            }

            rest = rest[batch.SizeInBytes..];
        }
    }
}
