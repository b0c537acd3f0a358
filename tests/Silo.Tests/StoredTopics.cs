using System.Buffers.Binary;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.Json;

namespace Loire.Silo.Tests;

/// <summary>The topics of a stored fixture, read over HTTP by the node that has it now.</summary>
internal sealed class StoredTopics(HttpClient node, StoredManifest told)
{
    private const string Appended = "continued";

    /// <summary>The same topics are there with the same settings, offsets, bytes and answers to searches.</summary>
    public async Task AreAsToldAsync()
    {
        var names = (await node.GetJsonAsync("/v1/topics")).EnumerateArray().Select(topic => topic.GetProperty("topic_name").GetString());
        Assert.Equal(told.Topics.Select(topic => topic.TopicName), names);
        foreach (var topic in told.Topics)
        {
            await IsAsToldAsync(topic);
            foreach (var partition in topic.Partitions)
            {
                await IsAsToldAsync(topic, partition, more: 0);
            }
        }
    }

    /// <summary>The last batches of idempotent producers are known: a retry gets the offsets of the original.</summary>
    public async Task KnowRetriesAsync()
    {
        foreach (var topic in told.Topics.Where(topic => topic.TopicName == "idempotent"))
        {
            var partition = topic.Partitions.Single();
            var (bytes, batches) = await BatchesAsync(PathOf(topic, partition), partition.LogStartOffset, partition.LogEndOffset);
            var at = bytes.Length;
            foreach (var batch in batches.AsEnumerable().Reverse().Take(6))
            {
                at -= batch.Size;
                var retry = bytes.AsSpan(at, batch.Size).ToArray();
                retry.AsSpan(0, sizeof(long)).Clear();
                using var content = new ByteArrayContent(retry) { Headers = { ContentType = new("application/vnd.loire.record-batches") } };
                using var response = await node.PostAsync($"/v1/topics/{topic.TopicName}/records?partition={partition.Partition}", content);
                var answer = await JsonContent.ReadAsync(response);
                Assert.Equal(batch.BaseOffset, answer.GetProperty("partitions")[0].GetProperty("first_offset").GetInt64());
            }

            var end = await node.GetJsonAsync($"{PathOf(topic, partition)}/offsets");
            Assert.Equal(partition.LogEndOffset, end.GetProperty("high_watermark").GetInt64());
        }
    }

    /// <summary>Every partition takes a record at the offset where it ended.</summary>
    public async Task AppendEverywhereAsync()
    {
        foreach (var (topic, partition) in Writable)
        {
            using var line = new StringContent(Appended, new MediaTypeHeaderValue("text/plain"));
            using var response = await node.PostAsync($"/v1/topics/{topic.TopicName}/records?partition={partition.Partition}&key={Appended}", line);
            var answer = await JsonContent.ReadAsync(response);
            Assert.Equal(partition.LogEndOffset, answer.GetProperty("partitions")[0].GetProperty("first_offset").GetInt64());
        }
    }

    /// <summary>Everything is as told but for the record that was appended, whose leader is newer than those of all before it.</summary>
    public async Task HaveOneMoreRecordAsync()
    {
        foreach (var (topic, partition) in Writable)
        {
            await IsAsToldAsync(topic, partition, more: 1);
            var record = await RecordAsync(topic, partition, partition.LogEndOffset);
            Assert.Equal(Appended, record.GetProperty("value").GetString());
        }
    }

    private IEnumerable<(StoredTopic Topic, StoredPartition Partition)> Writable =>
        told.Topics.Where(topic => !topic.IsInternal).SelectMany(topic => topic.Partitions, (topic, partition) => (topic, partition));

    private async Task IsAsToldAsync(StoredTopic topic)
    {
        var path = $"/v1/topics/{topic.TopicName}";
        var described = await node.GetJsonAsync(path);
        Assert.Equal(
            (topic.TopicId, topic.PartitionsCount),
            (described.GetProperty("topic_id").GetString(), described.GetProperty("partitions_count").GetInt32()));
        var configs = (await node.GetJsonAsync($"{path}/configs")).EnumerateArray()
            .Where(config => !config.GetProperty("is_default").GetBoolean())
            .ToDictionary(config => config.GetProperty("name").GetString()!, config => config.GetProperty("value").GetString()!);
        Assert.Equal(topic.Configs, configs);
    }

    private async Task IsAsToldAsync(StoredTopic topic, StoredPartition partition, int more)
    {
        var path = PathOf(topic, partition);
        var bounds = await node.GetJsonAsync($"{path}/offsets");
        var end = bounds.GetProperty("high_watermark").GetInt64();
        Assert.Equal(partition.LogStartOffset, bounds.GetProperty("log_start_offset").GetInt64());
        Assert.True(end == partition.LogEndOffset + more || (topic.IsInternal && end > partition.LogEndOffset), $"{path} ends at {end}");

        var (bytes, batches) = await BatchesAsync(path, partition.LogStartOffset, end);
        var old = batches.Where(batch => batch.BaseOffset < partition.LogEndOffset).ToList();
        var size = old.Sum(batch => batch.Size);
        Assert.Equal((partition.BatchBytes, partition.Sha256), (size, Convert.ToHexStringLower(SHA256.HashData(bytes.AsSpan(0, size)))));
        Assert.All(batches[old.Count..], batch => Assert.All(old, before => Assert.True(batch.LeaderEpoch > before.LeaderEpoch)));

        foreach (var time in partition.Times)
        {
            var found = await node.GetJsonAsync($"{path}/offsets?timestamp={time.At}");
            Assert.Equal(
                (time.Offset, time.Timestamp), (found.GetProperty("offset").GetInt64(), found.GetProperty("timestamp").GetInt64()));
        }

        foreach (var record in partition.Records)
        {
            var offset = record.GetProperty("offset").GetInt64();
            JsonContent.Has(record, await RecordAsync(topic, partition, offset), $"{path}@{offset}");
        }
    }

    private async Task<JsonElement> RecordAsync(StoredTopic topic, StoredPartition partition, long offset)
    {
        var records = await node.GetJsonAsync($"{PathOf(topic, partition)}/records?offset={offset}&max_records=1");
        return Assert.Single(records.EnumerateArray());
    }

    /// <summary>All record batches as they are stored, and what their headers say.</summary>
    private async Task<(byte[] Bytes, List<BatchHeader> Batches)> BatchesAsync(string path, long start, long end)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{path}/records?offset={start}&until={end}&max_bytes=4000000");
        request.Headers.Accept.ParseAdd("application/vnd.loire.record-batches");
        using var response = await node.SendAsync(request);
        var bytes = await response.Content.ReadAsByteArrayAsync();
        Assert.True(response.IsSuccessStatusCode, $"{path}: {(int)response.StatusCode}");
        var batches = new List<BatchHeader>();
        for (var rest = bytes.AsSpan(); !rest.IsEmpty; rest = rest[batches[^1].Size..])
        {
            batches.Add(new BatchHeader(
                BinaryPrimitives.ReadInt64BigEndian(rest),
                12 + BinaryPrimitives.ReadInt32BigEndian(rest[8..]),
                BinaryPrimitives.ReadInt32BigEndian(rest[12..])));
        }

        return (bytes, batches);
    }

    private static string PathOf(StoredTopic topic, StoredPartition partition) =>
        $"/v1/topics/{topic.TopicName}/partitions/{partition.Partition}";

    private readonly record struct BatchHeader(long BaseOffset, int Size, int LeaderEpoch);
}
