using System.Net;
using System.Text;

namespace Loire.WebApi.Tests;

public sealed class TextFormatTests
{
    [Fact]
    public async Task A_file_of_lines_comes_back_byte_for_byte()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        var file = new byte[3_000_000];
        new Random(1).NextBytes(file);
        file[^1] = (byte)'\n';
        var produced = await host.SendAsync(HttpMethod.Post, "/v1/topics/t/records", "text/plain", file);
        Assert.Equal(HttpStatusCode.OK, produced.Status);
        var records = file.Count(b => b == '\n');
        Assert.Equal(records, produced.Json.GetProperty("records_accepted").GetInt64());
        var partition = Assert.Single(produced.Json.GetProperty("partitions").EnumerateArray());
        Assert.Equal((0, records - 1), (partition.GetProperty("first_offset").GetInt64(), partition.GetProperty("last_offset").GetInt64()));

        var read = await host.GetAsync("/v1/topics/t/partitions/0/records?until=latest", "text/plain");
        Assert.Equal(file, read.Body);
        Assert.Equal(records.ToString(), read.Header("Next-Offset"));
    }

    [Theory]
    [InlineData("", 0, "no line at all")]
    [InlineData("a", 1, "a last line without LF counts")]
    [InlineData("a\n", 1, "an LF ends a line and begins none")]
    [InlineData("\n", 1, "an empty line is an empty value")]
    [InlineData("\n\na\r\n\r\nb", 5, "CR belongs to the line")]
    [InlineData("a\0b\n\u00e9\u2028c\n", 2, "only LF ends a line")]
    public async Task Lines_are_cut_at_LF_alone_wherever_the_network_cuts_them(string text, int lines, string reason)
    {
        await using var host = await ApiHost.StartAsync();
        var bytes = Encoding.UTF8.GetBytes(text);
        for (var cut = 0; cut <= bytes.Length; cut++)
        {
            var topic = $"t{cut}";
            host.Cluster.AddTopic(topic);
            using var connection = await RawConnection.OpenAsync(host.Address);
            await connection.SendAsync($"POST /v1/topics/{topic}/records HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
            foreach (var part in new[] { bytes[..cut], bytes[cut..] })
            {
                if (part.Length > 0)
                {
                    await connection.SendAsync($"{part.Length:x}\r\n");
                    await connection.SendAsync([.. part, (byte)'\r', (byte)'\n']);
                }
            }

            await connection.SendAsync("0\r\n\r\n");
            var answer = await connection.ReadToEndAsync();
            Assert.Contains($"\"records_accepted\":{lines},", answer, StringComparison.Ordinal);
            var read = await host.GetAsync($"/v1/topics/{topic}/partitions/0/records", "text/plain");
            Assert.True(text.TrimEnd('\n') == read.Text.TrimEnd('\n') || lines < 2, reason);
            Assert.Equal(lines, read.Text.Count(c => c == '\n'));
        }
    }

    [Fact]
    public async Task A_line_larger_than_the_topic_allows_ends_the_request_and_the_lines_before_it_are_kept()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t", maxMessageBytes: 1_000);
        var answer = await host.PostAsync("/v1/topics/t/records", "text/plain", "one\ntwo\n" + new string('x', 1_000) + "\nfour\n");
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.Status);
        Assert.Equal("application/problem+json", answer.ContentType);
        Assert.Equal("MESSAGE_TOO_LARGE", answer.Json.GetProperty("code").GetString());
        Assert.Equal(3, answer.Json.GetProperty("line").GetInt64());
        Assert.Equal(2, answer.Json.GetProperty("records_accepted").GetInt64());
        Assert.Equal(2, answer.Json.GetProperty("acknowledged").GetInt64());
        Assert.Equal("one\ntwo\n", (await host.GetAsync("/v1/topics/t/partitions/0/records", "text/plain")).Text);
    }

    [Fact]
    public async Task An_endless_line_is_refused_when_it_is_too_long_not_when_it_ends()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t", maxMessageBytes: 100_000);
        using var connection = await RawConnection.OpenAsync(host.Address);
        await connection.SendAsync("POST /v1/topics/t/records HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n");
        for (var i = 0; i < 25; i++)
        {
            await connection.SendChunkAsync(new string('x', 5_000));
        }

        Assert.Contains("413", await connection.ReadUntilAsync("MESSAGE_TOO_LARGE"), StringComparison.Ordinal);
        Assert.Equal(0, host.Cluster.Partition("t", 0).Appends);
    }

    [Fact]
    public async Task The_last_line_of_an_upload_that_breaks_off_is_not_a_record()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        using (var connection = await RawConnection.OpenAsync(host.Address))
        {
            await connection.SendAsync("POST /v1/topics/t/records HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain\r\nAccept: application/x-ndjson\r\nContent-Length: 100\r\n\r\none\ntwo\nthr");
            await connection.ReadUntilAsync("\"acknowledged\":2");
        }

        Assert.Equal("one\ntwo\n", (await host.GetAsync("/v1/topics/t/partitions/0/records", "text/plain")).Text);
        Assert.Equal(2, (await host.Cluster.Partition("t", 0).Offsets()).HighWatermark.Value);
    }

    [Fact]
    public async Task A_key_in_the_query_sends_every_line_to_the_partition_of_Kafkas_default_partitioner()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t", partitions: 7);
        var answer = await host.PostAsync("/v1/topics/t/records?key=foobar", "text/plain", "a\nb\n");
        // murmur2("foobar") is -790332482; its lower 31 bits modulo 7.
        var expected = (-790332482 & int.MaxValue) % 7;
        Assert.Equal(expected, Assert.Single(answer.Json.GetProperty("partitions").EnumerateArray()).GetProperty("partition").GetInt32());
        Assert.Equal("foobar", (await host.GetAsync($"/v1/topics/t/partitions/{expected}/records")).Json[0].GetProperty("key").GetString());
    }

    [Fact]
    public async Task A_record_without_a_value_is_an_empty_line()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        await host.PostAsync("/v1/topics/t/records", "application/json", """{"records":[{"value":"a"},{"key":"k","value":null},{"value":"b"}]}""");
        Assert.Equal("a\n\nb\n", (await host.GetAsync("/v1/topics/t/partitions/0/records", "text/plain")).Text);
    }

    [Theory]
    [InlineData("text/plain; charset=utf-16", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("text/plain; charset=\"UTF-32\"", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("text/plain; charset=utf-8", HttpStatusCode.OK)]
    [InlineData("text/plain; charset=iso-8859-1", HttpStatusCode.OK)]
    public async Task A_charset_in_which_LF_is_not_one_byte_is_refused(string type, HttpStatusCode status)
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        Assert.Equal(status, (await host.PostAsync("/v1/topics/t/records", type, "a\n")).Status);
    }
}
