using System.Globalization;
using System.Net;
using System.Text;
using Loire.Model;
using Loire.WebApi.Errors;

namespace Loire.WebApi.Tests;

public sealed class ErrorTests
{
    [Fact]
    public void Every_error_has_the_status_that_the_golden_table_says()
    {
        var table = new StringBuilder();
        foreach (var error in ErrorCodes.All)
        {
            table.Append(CultureInfo.InvariantCulture, $"{(short)error.Code,4} {error.Name,-42} {ErrorStatus.Of(error.Code)} {(error.Retriable ? "retriable" : "final")}\n");
        }

        Golden.Check("errors.txt", table.ToString());
    }

    [Fact]
    public void What_is_worth_a_retry_is_never_the_clients_fault_by_its_status_alone()
    {
        // Where Kafka calls an error retriable and HTTP still says 4xx, the reason stands here.
        ErrorCode[] reasoned =
        [
            ErrorCode.UnknownTopicOrPartition, ErrorCode.UnknownTopicId, // what is not there may be there later
            ErrorCode.CorruptMessage, // the bytes may have been damaged on the way
            ErrorCode.ConcurrentTransactions, ErrorCode.InconsistentTopicId, // 409: the state may change
            ErrorCode.ThrottlingQuotaExceeded, // 429 is retriable by its meaning
        ];
        Assert.All(ErrorCodes.All.Where(error => error.Retriable && !reasoned.Contains(error.Code)), error => Assert.InRange(ErrorStatus.Of(error.Code), 500, 599));
    }

    [Fact]
    public async Task A_problem_document_has_the_members_of_RFC_9457_and_Kafkas()
    {
        await using var host = await ApiHost.StartAsync();
        var answer = await host.GetAsync("/v1/topics/none");
        Assert.Equal(
            """{"type":"about:blank","title":"Not Found","status":404,"error_code":3,"code":"UNKNOWN_TOPIC_OR_PARTITION","retriable":true,"detail":"Topic none does not exist."}""",
            answer.Text);
        Assert.Equal("application/problem+json", answer.ContentType);
    }

    [Fact]
    public async Task An_unexpected_failure_is_500_without_our_insides_and_is_logged()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t").Exception = new InvalidOperationException("secret connection string");
        var answer = await host.GetAsync("/v1/topics/t");
        Assert.Equal((HttpStatusCode.InternalServerError, "UNKNOWN_SERVER_ERROR"), (answer.Status, answer.Json.GetProperty("code").GetString()));
        Assert.DoesNotContain("secret", answer.Text, StringComparison.Ordinal);
        Assert.Contains(host.Log.Lines, line => line.Contains("secret", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(typeof(TimeoutException), HttpStatusCode.GatewayTimeout, "REQUEST_TIMED_OUT")]
    [InlineData(typeof(Orleans.Runtime.OrleansException), HttpStatusCode.ServiceUnavailable, "LEADER_NOT_AVAILABLE")]
    public async Task A_grain_that_cannot_be_reached_is_retriable(Type exception, HttpStatusCode status, string code)
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t").Exception = (Exception)Activator.CreateInstance(exception, "x")!;
        var answer = await host.GetAsync("/v1/topics/t");
        Assert.Equal((status, code), (answer.Status, answer.Json.GetProperty("code").GetString()));
        Assert.Empty(host.Log.Lines);
    }

    [Theory]
    [InlineData(ErrorCode.KafkaStorageError, "1")]
    [InlineData(ErrorCode.ThrottlingQuotaExceeded, "1")]
    [InlineData(ErrorCode.TopicAlreadyExists, "")]
    public async Task Overload_says_when_to_come_back(ErrorCode error, string retryAfter)
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t").Error = error;
        Assert.Equal(retryAfter, (await host.GetAsync("/v1/topics/t")).Header("Retry-After"));
    }

    [Theory]
    [InlineData("GET", "/v1", 404)]
    [InlineData("GET", "/v1/nothing", 404)]
    [InlineData("GET", "/V1/topicss", 404)]
    [InlineData("PUT", "/v1/topics", 405)]
    [InlineData("OPTIONS", "/v1/topics", 405)]
    [InlineData("HEAD", "/v1/topics", 405)]
    [InlineData("DELETE", "/v1/topics/t/records", 405)]
    [InlineData("TRACE", "/v1/topics", 405)]
    [InlineData("POST", "/healthz", 405)]
    public async Task Paths_and_methods_that_are_not_there_are_problems_too(string method, string path, int status)
    {
        await using var host = await ApiHost.StartAsync();
        var answer = await host.SendAsync(new HttpMethod(method), path, null, null);
        Assert.Equal(status, (int)answer.Status);
        Assert.Equal("application/problem+json", answer.ContentType);
    }
}

/// <summary>Compares with a file beside the tests; a change must show in a diff. Set LOIRE_GOLDEN=write to take the new text over.</summary>
internal static class Golden
{
    public static void Check(string name, string actual, [System.Runtime.CompilerServices.CallerFilePath] string source = "")
    {
        var path = Path.Combine(Path.GetDirectoryName(source)!, "Golden", name);
        if (Environment.GetEnvironmentVariable("LOIRE_GOLDEN") == "write")
        {
            File.WriteAllText(path, actual);
        }

        Assert.Equal(File.ReadAllText(path), actual);
    }
}
