using System.Net;
using Loire.WebApi.Requests;
using Microsoft.Extensions.DependencyInjection;

namespace Loire.WebApi.Tests;

/// <summary>Requests share one bound on memory: work beyond it waits, or is refused with an error that says so.</summary>
public sealed class RequestMemoryTests
{
    private const string Records = "/v1/topics/t/records";

    // Room for one request that gathers records, which takes steps of 64 KiB.
    private const int OneRequest = 100 * 1024;

    [Theory]
    [InlineData("text/plain", "b\n")]
    [InlineData("application/x-ndjson", "{\"value\":\"b\"}\n")]
    [InlineData("application/json", "{\"records\":[{\"value\":\"b\"}]}")]
    [InlineData("application/octet-stream", "b")]
    public async Task A_produce_that_finds_no_room_in_time_is_refused_and_stores_nothing(string type, string body)
    {
        await using var host = await StartAsync(TimeSpan.Zero);
        var (entered, release) = Hold(host);
        var first = host.PostAsync(Records, "text/plain", "a\n");
        await entered;
        await GroupTests.AssertProblem(host.PostAsync(Records, type, body), 429, "THROTTLING_QUOTA_EXCEEDED");

        release.SetResult(ErrorCode.None);
        Assert.Equal(HttpStatusCode.OK, (await first).Status);
        Assert.Equal(HttpStatusCode.OK, (await host.PostAsync(Records, type, body)).Status);
        Assert.Equal("a\nb\n", (await host.GetAsync("/v1/topics/t/partitions/0/records", "text/plain")).Text);
    }

    [Fact]
    public async Task A_produce_waits_for_room_and_takes_it_when_others_end()
    {
        await using var host = await StartAsync(TimeSpan.FromMinutes(1));
        var (entered, release) = Hold(host);
        var first = host.PostAsync(Records, "text/plain", "a\n");
        await entered;
        var second = host.PostAsync(Records, "text/plain", "b\n");
        Assert.Equal(1, host.Cluster.Partition("t", 0).Appends);
        release.SetResult(ErrorCode.None);
        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.OK], (await Task.WhenAll(first, second)).Select(answer => answer.Status));
    }

    [Fact]
    public async Task One_request_goes_through_whatever_the_bound()
    {
        await using var host = await StartAsync(TimeSpan.Zero, partitions: 200);
        var lines = string.Concat(Enumerable.Range(0, 2_000).Select(i => $"{{\"partition\":{i % 200},\"value\":\"{i}\"}}\n"));
        var answer = await host.PostAsync(Records, "application/x-ndjson", lines, "application/json");
        Assert.Equal((HttpStatusCode.OK, 2_000), (answer.Status, answer.Json.GetProperty("records_accepted").GetInt32()));
        var value = new string('x', 500_000);
        Assert.Equal(HttpStatusCode.OK, (await host.PostAsync(Records, "application/json", $"{{\"records\":[{{\"value\":\"{value}\"}}]}}")).Status);
    }

    [Fact]
    public async Task What_a_request_held_is_free_when_it_has_ended_whatever_its_end()
    {
        await using var host = await StartAsync(TimeSpan.Zero);
        var memory = host.Services.GetRequiredService<RequestMemory>();
        Assert.Equal(HttpStatusCode.OK, (await host.PostAsync(Records, "text/plain", "a\n")).Status);
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/v1/topics/t/partitions/0/records")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await host.PostAsync(Records, "application/json", new string('[', 50_000))).Status);
        host.Cluster.Partition("t", 0).Exception = new TimeoutException();
        Assert.Equal(HttpStatusCode.GatewayTimeout, (await host.PostAsync(Records, "text/plain", "a\n")).Status);
        using (var connection = await RawConnection.OpenAsync(host.Address))
        {
            await connection.SendAsync("POST /v1/topics/t/records HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 90000\r\n\r\n{");
            await Until.TrueAsync(() => memory.TakenBytes > 0);
        }

        await Until.TrueAsync(() => memory.TakenBytes == 0);
    }

    private static async Task<ApiHost> StartAsync(TimeSpan wait, int partitions = 1)
    {
        var host = await ApiHost.StartAsync(options => (options.RequestBytes, options.MemoryWait) = (OneRequest, wait));
        host.Cluster.AddTopic("t", partitions);
        return host;
    }

    private static (Task Entered, TaskCompletionSource<ErrorCode> Release) Hold(ApiHost host)
    {
        var (entered, release) = (new TaskCompletionSource(), new TaskCompletionSource<ErrorCode>());
        host.Cluster.Partition("t", 0).BeforeAppend = number =>
        {
            if (number > 0)
            {
                return Task.FromResult(ErrorCode.None);
            }

            entered.TrySetResult();
            return release.Task;
        };
        return (entered.Task, release);
    }
}
