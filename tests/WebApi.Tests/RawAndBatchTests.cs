using System.Buffers.Binary;
using System.Net;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.WebApi.Tests;

public sealed class RawAndBatchTests
{
    private const string BatchType = "application/vnd.loire.record-batches";

    [Theory]
    [InlineData("application/octet-stream")]
    [InlineData("image/png")]
    [InlineData("no type at all")]
    [InlineData(null)]
    public async Task A_body_of_any_other_type_is_one_record(string? type)
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        byte[] body = [.. Enumerable.Range(0, 256).Select(i => (byte)i)];
        (string, string)[] headers =
        [
            ("Record-Key-Base64", "/wA="), ("Record-Timestamp", "77"), ("Record-Header-Trace", "a"), ("record-header-x.y", "b c"),
        ];
        if (type is "no type at all")
        {
            type = null;
            headers = [.. headers, ("Content-Type", "no type at all")];
        }

        var produced = await host.SendAsync(HttpMethod.Post, "/v1/topics/t/records", type, body, null, headers);
        Assert.Equal(HttpStatusCode.OK, produced.Status);
        var read = await host.GetAsync("/v1/topics/t/partitions/0/records", "application/octet-stream");
        Assert.Equal(body, read.Body);
        Assert.Equal(("/wA=", "77", "a", "b c"), (read.Header("Record-Key-Base64"), read.Header("Record-Timestamp"), read.Header("Record-Header-Trace"), read.Header("Record-Header-x.y")));
        Assert.Equal(("0", "1", "nosniff"), (read.Header("Record-Offset"), read.Header("Next-Offset"), read.Header("X-Content-Type-Options")));
    }

    [Fact]
    public async Task A_raw_read_of_nothing_or_of_no_value_is_204()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        var nothing = await host.GetAsync("/v1/topics/t/partitions/0/records", "application/octet-stream");
        Assert.Equal((HttpStatusCode.NoContent, "", "0"), (nothing.Status, nothing.Header("Record-Offset"), nothing.Header("Next-Offset")));
        await host.PostAsync("/v1/topics/t/records", "application/json", """{"records":[{"key":"k","value":null}]}""");
        var tombstone = await host.GetAsync("/v1/topics/t/partitions/0/records", "application/octet-stream");
        Assert.Equal((HttpStatusCode.NoContent, "0", "1", "k"), (tombstone.Status, tombstone.Header("Record-Offset"), tombstone.Header("Next-Offset"), tombstone.Header("Record-Key")));
    }

    [Fact]
    public async Task A_raw_body_that_is_too_large_is_told_about_the_line_type()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t", maxMessageBytes: 1_000);
        foreach (var size in new[] { 5_000, 990 })
        {
            var answer = await host.SendAsync(HttpMethod.Post, "/v1/topics/t/records", null, new byte[size]);
            Assert.Equal((HttpStatusCode.RequestEntityTooLarge, "MESSAGE_TOO_LARGE"), (answer.Status, answer.Json.GetProperty("code").GetString()));
            Assert.True(size != 5_000 || answer.Json.GetProperty("detail").GetString()!.Contains("text/plain", StringComparison.Ordinal));
        }

        Assert.Equal(0, host.Cluster.Partition("t", 0).Appends);
    }

    [Theory]
    [InlineData("?key=a", "Record-Key", "b", "more than once")]
    [InlineData("", "Record-Key-Base64", "%", "not base64")]
    [InlineData("", "Record-Timestamp", "soon", "Record-Timestamp")]
    public async Task Record_headers_that_contradict_or_cannot_be_read_are_refused(string query, string header, string value, string expected)
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        var answer = await host.SendAsync(HttpMethod.Post, "/v1/topics/t/records" + query, null, [1], null, (header, value));
        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Contains(expected, answer.Json.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(0, host.Cluster.Partition("t", 0).Appends);
    }

    [Fact]
    public async Task Record_batches_pass_untouched_but_for_the_brokers_stamp()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t", partitions: 2);
        byte[] sent = [.. Batches.Of(CompressionType.Gzip, 5, "a", "bb"), .. Batches.Of("c"), .. Batches.Of(CompressionType.Lz4, 9, "d", "e", "f")];
        var answer = await host.SendAsync(HttpMethod.Post, "/v1/topics/t/records?partition=1", BatchType, sent);
        Assert.Equal("""{"records_accepted":6,"acknowledged":6,"partitions":[{"partition":1,"records_accepted":6,"first_offset":0,"last_offset":5}]}""", answer.Text);
        var read = await host.GetAsync("/v1/topics/t/partitions/1/records", BatchType);
        Assert.Equal("6", read.Header("Next-Offset"));
        var position = 0;
        foreach (var expected in new[] { 0L, 2L, 3L })
        {
            Assert.Equal(expected, BinaryPrimitives.ReadInt64BigEndian(read.Body.AsSpan(position)));
            // Epoch 0 instead of none.
            read.Body.AsSpan(position, 8).Clear();
            read.Body.AsSpan(position + 12, 4).Fill(0xff);
            position += 12 + BinaryPrimitives.ReadInt32BigEndian(read.Body.AsSpan(position + 8));
        }

        Assert.Equal(sent, read.Body);
        Assert.Equal("a\nbb\nc\nd\ne\nf\n", (await host.GetAsync("/v1/topics/t/partitions/1/records", "text/plain")).Text);
    }

    [Theory]
    [InlineData("?until=2", 1, "2", "the first batch ends there")]
    [InlineData("?until=1", 1, "1", "a batch comes whole")]
    [InlineData("?until=3", 2, "3", "")]
    [InlineData("?until=4", 3, "4", "")]
    [InlineData("?until=latest", 3, "6", "")]
    [InlineData("?until=earliest", 0, "0", "")]
    [InlineData("?offset=3&until=3", 0, "3", "")]
    public async Task Batches_that_begin_at_or_beyond_the_bound_are_not_sent(string query, int batches, string next, string reason)
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        byte[] sent = [.. Batches.Of(CompressionType.Gzip, 5, "a", "bb"), .. Batches.Of("c"), .. Batches.Of(CompressionType.Lz4, 9, "d", "e", "f")];
        await host.SendAsync(HttpMethod.Post, "/v1/topics/t/records?partition=0", BatchType, sent);
        var read = await host.GetAsync($"/v1/topics/t/partitions/0/records{query}", BatchType);
        var found = 0;
        for (var rest = read.Body.AsSpan(); !rest.IsEmpty; found++)
        {
            rest = rest[(12 + BinaryPrimitives.ReadInt32BigEndian(rest[8..]))..];
        }

        Assert.True((batches, next) == (found, read.Header("Next-Offset")), $"{reason}: {found}, {read.Header("Next-Offset")}");
    }

    [Fact]
    public async Task Batches_are_found_wherever_the_network_cuts_them()
    {
        await using var host = await ApiHost.StartAsync();
        byte[] sent = [.. Batches.Of("a", "bb"), .. Batches.Of("c")];
        for (var cut = 1; cut < sent.Length; cut++)
        {
            host.Cluster.AddTopic($"t{cut}");
            using var connection = await RawConnection.OpenAsync(host.Address);
            await connection.SendAsync($"POST /v1/topics/t{cut}/records?partition=0 HTTP/1.1\r\nHost: h\r\nContent-Type: {BatchType}\r\nContent-Length: {sent.Length}\r\nConnection: close\r\n\r\n");
            await connection.SendAsync(sent[..cut]);
            await connection.SendAsync(sent[cut..]);
            Assert.Contains("\"records_accepted\":3,", await connection.ReadToEndAsync(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_body_that_ends_within_a_batch_keeps_the_whole_ones_and_says_so()
    {
        await using var host = await ApiHost.StartAsync();
        byte[] sent = [.. Batches.Of("a", "bb"), .. Batches.Of("c")];
        var first = Batches.Of("a", "bb").Length;
        for (var cut = 1; cut < sent.Length; cut++)
        {
            host.Cluster.AddTopic($"t{cut}");
            var answer = await host.SendAsync(HttpMethod.Post, $"/v1/topics/t{cut}/records?partition=0", BatchType, sent[..cut]);
            if (cut == first)
            {
                Assert.Equal(HttpStatusCode.OK, answer.Status);
                continue;
            }

            Assert.Equal((HttpStatusCode.BadRequest, "CORRUPT_MESSAGE"), (answer.Status, answer.Json.GetProperty("code").GetString()));
            Assert.Equal((cut > first ? 2 : 0, cut > first ? 2 : 1), (answer.Json.GetProperty("records_accepted").GetInt64(), answer.Json.GetProperty("batch").GetInt64()));
        }
    }

    [Fact]
    public async Task Batches_that_state_nonsense_are_refused_before_they_are_gathered()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t", maxMessageBytes: 10_000);
        foreach (var (length, magic, code) in new (int, byte, string)[]
        {
            (int.MaxValue, 2, "MESSAGE_TOO_LARGE"),
            (10_000, 2, "MESSAGE_TOO_LARGE"),
            (48, 2, "CORRUPT_MESSAGE"),
            (0, 2, "CORRUPT_MESSAGE"),
            (-1, 2, "CORRUPT_MESSAGE"),
            (int.MinValue, 2, "CORRUPT_MESSAGE"),
            (57, 0, "UNSUPPORTED_FOR_MESSAGE_FORMAT"),
            (57, 1, "UNSUPPORTED_FOR_MESSAGE_FORMAT"),
            (57, 3, "UNSUPPORTED_FOR_MESSAGE_FORMAT"),
            (57, 127, "UNSUPPORTED_FOR_MESSAGE_FORMAT"),
        })
        {
            var batch = Batches.Of("a");
            BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(8), length);
            batch[16] = magic;
            var answer = await host.SendAsync(HttpMethod.Post, "/v1/topics/t/records?partition=0", BatchType, batch);
            Assert.Equal(code, answer.Json.GetProperty("code").GetString());
            Assert.Equal(1, answer.Json.GetProperty("batch").GetInt64());
        }

        Assert.Equal(0, host.Cluster.Partition("t", 0).Appends);
    }

    [Fact]
    public async Task Records_that_nobody_could_decode_are_refused_though_the_checksum_is_right()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        byte[] truncated = Batches.Of(CompressionType.Gzip, 1, "a", "bb");
        truncated[^9] ^= 0xff;
        BinaryPrimitives.WriteUInt32BigEndian(truncated.AsSpan(17), Crc32C.Compute(truncated.AsSpan(21)));
        foreach (var bad in new[] { Batches.Rubbish(3), truncated })
        {
            byte[] sent = [.. Batches.Of("good"), .. bad, .. Batches.Of("never reached")];
            var answer = await host.SendAsync(HttpMethod.Post, "/v1/topics/t/records?partition=0", BatchType, sent);
            Assert.Equal(2, answer.Json.GetProperty("batch").GetInt64());
            Assert.Equal(1, answer.Json.GetProperty("records_accepted").GetInt64());
            Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        }

        Assert.Equal("good\ngood\n", (await host.GetAsync("/v1/topics/t/partitions/0/records", "text/plain")).Text);
    }

    [Fact]
    public async Task Batches_need_a_partition()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        var answer = await host.SendAsync(HttpMethod.Post, "/v1/topics/t/records", BatchType, Batches.Of("a"));
        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
    }

    [Fact]
    public async Task Many_batches_go_together_behind_an_append_in_flight()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        var partition = host.Cluster.Partition("t", 0);
        var held = new TaskCompletionSource<ErrorCode>();
        partition.BeforeAppend = number => number == 0 ? held.Task : Task.FromResult(ErrorCode.None);
        var batch = Batches.Of([.. Enumerable.Repeat(new string('x', 1_000), 10)]);
        using var connection = await RawConnection.OpenAsync(host.Address);
        await connection.SendAsync($"POST /v1/topics/t/records?partition=0 HTTP/1.1\r\nHost: h\r\nContent-Type: {BatchType}\r\nContent-Length: {batch.Length * 301}\r\nConnection: close\r\n\r\n");
        await connection.SendAsync(batch);
        await Until.TrueAsync(() => partition.Appends == 1);
        for (var i = 0; i < 300; i++)
        {
            await connection.SendAsync(batch);
        }

        held.SetResult(ErrorCode.None);
        Assert.Contains("\"records_accepted\":3010,", await connection.ReadToEndAsync(), StringComparison.Ordinal);
        // How many arrive together is up to the network; that some do is what counts.
        Assert.InRange(partition.Appends, 2, 290);
        Assert.Equal(1, partition.AppendsInFlightMax);
        Assert.Equal(3_010, (await host.GetAsync("/v1/topics/t/partitions/0/records?until=latest", "text/plain")).Text.Count(c => c == '\n'));
    }
}
