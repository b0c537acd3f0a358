using System.Net;
using Loire.Grains.Interfaces.Groups;
using Loire.Grains.Interfaces.Topics;

namespace Loire.WebApi.Tests;

/// <summary>What requests for records cost in grain calls, and how the topic cache follows changes that were made past this API.</summary>
public sealed class GrainCallTests : IAsyncLifetime
{
    private readonly GrainCallCounter _calls = new();
    private NodeHost _host = null!;

    private ITopicGrain Topic => _host.Grains.GetGrain<ITopicGrain>("t");

    public async Task InitializeAsync()
    {
        _host = await NodeHost.StartAsync(calls: _calls);
        await CreateAsync(2);
        await ProduceAsync("first", partition: 0);
        await ProduceAsync("first", partition: 1);

        // The silo, once it has started, lists the groups of each shard, which looks like calls of the API.
        await Until.TrueAsync(() => _calls.CountOf("List") == IGroupCatalogGrain.Shards);
        _calls.Take();
    }

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Theory]
    [InlineData("/v1/topics/t/records?partition=0", "text/plain", "a\nb\nc\n")]
    [InlineData("/v1/topics/t/records", "text/plain", "a\nb\nc\n")]
    [InlineData("/v1/topics/t/records?partition=1", "application/x-ndjson", "{\"value\":\"a\"}\n{\"value\":\"b\"}\n")]
    [InlineData("/v1/topics/t/records", "application/json", "{\"records\":[{\"key\":\"k\",\"value\":\"a\"},{\"key\":\"k\",\"value\":\"b\"}]}")]
    [InlineData("/v1/topics/t/records", "application/octet-stream", "one record")]
    [InlineData("/v1/topics/t/records?partition=0&acks=1", "text/plain", "a\n")]
    [InlineData("/topics/t", "application/vnd.kafka.json.v2+json", "{\"records\":[{\"value\":1},{\"value\":2}]}")]
    [InlineData("/topics/t/partitions/1", "application/vnd.kafka.json.v2+json", "{\"records\":[{\"value\":1}]}")]
    public async Task A_produce_makes_one_grain_call_for_its_batch_and_none_for_metadata(string path, string type, string body)
    {
        Assert.Equal(HttpStatusCode.OK, (await _host.PostAsync(path, type, body)).Status);
        Assert.Equal("Append 1", _calls.Take());
    }

    [Fact]
    public async Task A_produce_to_two_partitions_makes_two_grain_calls()
    {
        const string Lines = "{\"partition\":0,\"value\":\"a\"}\n{\"partition\":1,\"value\":\"b\"}\n{\"partition\":0,\"value\":\"c\"}\n";
        Assert.Equal(HttpStatusCode.OK, (await _host.PostAsync("/v1/topics/t/records", "application/x-ndjson", Lines, "application/json")).Status);
        Assert.Equal("Append 2", _calls.Take());
    }

    [Fact]
    public async Task A_produce_of_record_batches_makes_one_grain_call()
    {
        var body = Batches.Of("a", "b");
        Assert.Equal(
            HttpStatusCode.OK,
            (await _host.SendAsync(HttpMethod.Post, "/v1/topics/t/records?partition=0", "application/vnd.loire.record-batches", body)).Status);
        Assert.Equal("Append 1", _calls.Take());
    }

    [Theory]
    [InlineData("/v1/topics/t/partitions/0/records", "application/json")]
    [InlineData("/v1/topics/t/partitions/0/records?offset=0", "text/plain")]
    [InlineData("/v1/topics/t/partitions/0/records?offset=latest", "application/x-ndjson")]
    [InlineData("/v1/topics/t/partitions/0/records?offset=earliest&max_records=1", "application/octet-stream")]
    [InlineData("/topics/t/partitions/0/records?offset=0&timeout=10&max_bytes=1000", "application/vnd.kafka.binary.v2+json")]
    public async Task A_fetch_makes_one_grain_call(string path, string accept)
    {
        var answer = await _host.GetAsync(path, accept);
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Text);
        Assert.Equal("Fetch 1", _calls.Take());
    }

    [Fact]
    public async Task A_topic_that_was_created_again_gets_the_records_and_is_read_with_the_same_request()
    {
        await RecreateAsync(2);
        Assert.Equal(0, (await ProduceAsync("new")).Json.GetProperty("partitions")[0].GetProperty("first_offset").GetInt64());
        Assert.Equal("Append 2, Describe 1", _calls.Take());

        await RecreateAsync(2);
        var answer = await _host.GetAsync("/v1/topics/t/partitions/0/records", "text/plain");
        Assert.Equal((HttpStatusCode.OK, ""), (answer.Status, answer.Text));
        Assert.Equal("Describe 1, Fetch 2", _calls.Take());

        await RecreateAsync(2);
        Assert.Equal(0, (await _host.GetAsync("/v1/topics/t/partitions/0/offsets")).Json.GetProperty("high_watermark").GetInt64());
        Assert.Equal("Describe 1, Offsets 2", _calls.Take());
    }

    [Fact]
    public async Task An_unacknowledged_produce_reaches_a_topic_that_was_created_again()
    {
        await RecreateAsync(2);
        Assert.Equal(HttpStatusCode.Accepted, (await _host.PostAsync("/v1/topics/t/records?partition=0&acks=0", "text/plain", "new\n")).Status);
        var read = await _host.GetAsync("/v1/topics/t/partitions/0/records?max_wait_ms=10000", "text/plain");
        Assert.Equal("new\n", read.Text);
    }

    [Fact]
    public async Task A_deleted_topic_is_reported_as_unknown()
    {
        await Topic.Delete();
        _calls.Take();
        foreach (var acks in new[] { "all", "0" })
        {
            var produced = await _host.PostAsync($"/v1/topics/t/records?partition=0&acks={acks}", "text/plain", "a\n");
            Assert.Equal((HttpStatusCode.NotFound, "UNKNOWN_TOPIC_OR_PARTITION"), (produced.Status, produced.Json.GetProperty("code").GetString()));
        }

        Assert.Equal(HttpStatusCode.NotFound, (await _host.GetAsync("/v1/topics/t/partitions/0/records")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await _host.GetAsync("/v1/topics/t/partitions/0/offsets")).Status);
    }

    [Theory]
    [InlineData("/v1/topics/t/records?partition=2", "text/plain", "a\n")]
    [InlineData("/v1/topics/t/records", "application/x-ndjson", "{\"partition\":2,\"value\":\"a\"}\n")]
    [InlineData("/v1/topics/t/records", "application/json", "{\"records\":[{\"partition\":2,\"value\":\"a\"}]}")]
    [InlineData("/topics/t", "application/vnd.kafka.json.v2+json", "{\"records\":[{\"partition\":2,\"value\":1}]}")]
    public async Task A_partition_that_was_added_is_found_by_the_request_that_names_it(string path, string type, string body)
    {
        await Topic.AddPartitions(3, validateOnly: false);
        _calls.Take();
        var answer = await _host.PostAsync(path, type, body, type.StartsWith("application/x", StringComparison.Ordinal) ? "application/json" : null);
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Text);
        Assert.DoesNotContain("error_code\":3", answer.Text, StringComparison.Ordinal);
        Assert.Equal("Append 1, Describe 1", _calls.Take());
        Assert.Equal(HttpStatusCode.OK, (await _host.GetAsync("/v1/topics/t/partitions/2/records", "text/plain")).Status);
        Assert.Equal("Fetch 1", _calls.Take());
    }

    [Fact]
    public async Task An_answer_with_a_newer_version_of_the_topic_refreshes_the_cache_before_the_client_is_answered()
    {
        await Topic.AddPartitions(64, validateOnly: false);
        _calls.Take();
        await ProduceAsync("a", partition: 0);
        Assert.Equal("Append 1, Describe 1", _calls.Take());

        // Keys are spread over all of them now.
        var lines = string.Concat(Enumerable.Range(0, 100).Select(i => $"{{\"key\":\"{i}\",\"value\":\"x\"}}\n"));
        var answer = await _host.PostAsync("/v1/topics/t/records", "application/x-ndjson", lines, "application/json");
        Assert.InRange(answer.Json.GetProperty("partitions").GetArrayLength(), 20, 64);
        Assert.DoesNotContain("Describe", _calls.Take(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("application/octet-stream")]
    [InlineData("text/plain")]
    public async Task A_raised_size_limit_counts_for_the_first_record_that_needs_it(string type)
    {
        await Topic.AlterConfigs(new AlterConfigsRequest([new("max.message.bytes", "4000000")], false));
        _calls.Take();
        var answer = await _host.PostAsync("/v1/topics/t/records?partition=0", type, new string('x', 3_000_000));
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Text);
        Assert.Equal("Append 1, Describe 1", _calls.Take());
    }

    private async Task CreateAsync(int partitions) =>
        Assert.Equal(ErrorCode.None, (await Topic.Create(new CreateTopicRequest(partitions, -1, [], false))).Error);

    private async Task RecreateAsync(int partitions)
    {
        await Topic.Delete();
        await CreateAsync(partitions);
        _calls.Take();
    }

    private async Task<Answered> ProduceAsync(string value, int partition = 0)
    {
        var answer = await _host.PostAsync($"/v1/topics/t/records?partition={partition}", "text/plain", value + "\n");
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Text);
        return answer;
    }
}
