using System.Text.Json;

namespace Loire.Silo.Tests;

/// <summary>Reads a partition from its start to its end over HTTP.</summary>
internal static class PartitionReader
{
    public static async Task<IReadOnlyList<(long Offset, string Value)>> ReadAllAsync(HttpClient node, string topic, int partition)
    {
        var records = new List<(long, string)>();
        var next = 0L;
        while (true)
        {
            using var request = new HttpRequestMessage(
                HttpMethod.Get, $"/v1/topics/{topic}/partitions/{partition}/records?offset={next}&max_bytes=4000000&max_wait_ms=0");
            request.Headers.Accept.ParseAdd("application/x-ndjson");
            using var response = await node.SendAsync(request);
            var body = await response.Content.ReadAsStringAsync();
            Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode} {body}");
            var before = records.Count;
            foreach (var line in body.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                using var json = JsonDocument.Parse(line);
                records.Add((json.RootElement.GetProperty("offset").GetInt64(), json.RootElement.GetProperty("value").GetString()!));
            }

            if (records.Count == before)
            {
                return records;
            }

            next = records[^1].Item1 + 1;
        }
    }
}
