using System.Net;

namespace Loire.WebApi.Tests;

/// <summary>Tests that measure the memory of this process, so that no other may run beside them.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;

[Collection(nameof(Alone))]
public sealed class BoundedMemoryTests
{
    [Fact]
    public async Task A_reader_that_stalls_holds_up_its_tail_and_nothing_else()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        using var stalled = await RawConnection.OpenAsync(host.Address);
        await stalled.SendAsync("GET /v1/topics/t/records?offset=earliest HTTP/1.1\r\nHost: h\r\nAccept: text/event-stream\r\n\r\n");
        await stalled.ReadUntilAsync("heartbeat");
        var line = new string('x', 1_000) + "\n";
        var block = string.Concat(Enumerable.Repeat(line, 1_000));
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < 40; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await host.PostAsync("/v1/topics/t/records", "text/plain", block)).Status);
        }

        // 40 MB of records are in the fake log itself; the tail must not hold them once more. What tests before this one left may go meanwhile.
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 70_000_000);
        Assert.Equal(40_000, (await host.GetAsync("/v1/topics/t/partitions/0/offsets")).Json.GetProperty("high_watermark").GetInt64());
    }

    [Fact]
    public async Task A_document_is_refused_by_its_length_before_it_is_taken_in()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var connections = new List<RawConnection>();
        for (var i = 0; i < 50; i++)
        {
            connections.Add(await RawConnection.OpenAsync(host.Address));
            await connections[i].SendAsync("POST /v1/topics/t/records HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 100000000\r\n\r\n");
            await connections[i].SendAsync(new byte[100_000]);
            Assert.Contains(" 413 ", await connections[i].ReadUntilAsync("\r\n"), StringComparison.Ordinal);
        }

        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 40_000_000);
        connections.ForEach(connection => connection.Dispose());
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("zstd")]
    [InlineData("gzip, gzip")]
    public async Task A_body_that_decodes_to_a_gigabyte_takes_no_more_memory_than_its_bound(string codings)
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        var bomb = Bomb(codings.Split(", "));
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var most = 0L;
        foreach (var (path, type, bound) in new[]
        {
            ("/v1/topics", "application/json", "1048576"), ("/v1/topics/t/records", "application/json", "8388608"), ("/topics/t", "application/json", "8388608"),
            ("/v1/topics/t/records", "text/plain", "1048588"), ("/v1/topics/t/records", "application/octet-stream", "1048588"),
        })
        {
            var answer = await host.SendAsync(HttpMethod.Post, path, type, bomb, null, ("Content-Encoding", codings));
            Assert.True(answer.Status == HttpStatusCode.RequestEntityTooLarge, $"{path} {type}: {answer.Text}");
            Assert.Contains(bound, answer.Text, StringComparison.Ordinal);
            most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: false) - before);
        }

        // What 8 MiB take in pieces and, once, in one piece; garbage of the requests before included.
        Assert.InRange(most, long.MinValue, 100_000_000);
        Assert.Equal(0, host.Cluster.Partition("t", 0).Appends);
    }

    [Fact]
    public async Task Keys_over_thousands_of_partitions_do_not_hold_a_buffer_for_each()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t", partitions: 10_000);
        for (var i = 0; i < 10_000; i++)
        {
            host.Cluster.Partition("t", i);
        }

        using var connection = await RawConnection.OpenAsync(host.Address);
        await connection.SendAsync("POST /v1/topics/t/records HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-ndjson\r\nAccept: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var value = new string('x', 50);
        long most = 0;
        for (var i = 0; i < 200; i++)
        {
            await connection.SendChunkAsync(string.Concat(Enumerable.Range(0, 1_000).Select(n => $"{{\"partition\":{((i * 1_000) + n) * 7 % 10_000},\"value\":\"{value}\"}}\n")));
            most = Math.Max(most, i % 20 == 0 ? GC.GetTotalMemory(forceFullCollection: true) - before : 0);
        }

        await connection.SendAsync("0\r\n\r\n");
        Assert.Contains("\"records_accepted\":200000,", await connection.ReadUntilAsync("partitions", 60), StringComparison.Ordinal);
        // The fake log itself holds every record, some 40 MB with what belongs to a batch each.
        Assert.InRange(most, long.MinValue, 120_000_000);
    }

    private static byte[] Bomb(string[] codings)
    {
        var target = new MemoryStream();
        using (var encoder = Coding.Encoder(codings[0], target))
        {
            var zeros = new byte[1024 * 1024];
            for (var i = 0; i < 1024; i++)
            {
                encoder.Write(zeros);
            }
        }

        return codings.Skip(1).Aggregate(target.ToArray(), (coded, coding) => Coding.Encode(coding, coded));
    }
}
