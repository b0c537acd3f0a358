using System.Globalization;
using Azure;
using Azure.Core;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Loire.Cluster.Tests.Clusters;
using Loire.Storage.Tests.Azurite;

namespace Loire.Cluster.Tests.Faults;

/// <summary>The proxy before a real Azurite, with requests that Azure's own SDK signs.</summary>
public sealed class HttpFaultProxyTests : IAsyncLifetime
{
    private static int _containers;
    private readonly string _name = string.Create(CultureInfo.InvariantCulture, $"proxy{Interlocked.Increment(ref _containers)}");
    private AzuriteServer _azurite = null!;
    private HttpFaultProxy _proxy = null!;
    private BlobContainerClient _through = null!;
    private BlobContainerClient _direct = null!;

    [AzuriteFact]
    public async Task Requests_and_answers_pass_as_they_are()
    {
        const string Name = "a b/c%20d+e/ü&?.json";
        var content = new byte[300_000];
        new Random(1).NextBytes(content);
        await _through.UploadBlobAsync(Name, new BinaryData(content));
        var read = (await _through.GetBlobClient(Name).DownloadContentAsync()).Value;
        Assert.Equal(content, read.Content.ToArray());
        Assert.Equal(content.Length, (await _through.GetBlobClient(Name).GetPropertiesAsync()).Value.ContentLength);
        Assert.Equal([Name], _through.GetBlobs().Select(blob => blob.Name));
        var conflict = await Assert.ThrowsAsync<RequestFailedException>(() => _through.UploadBlobAsync(Name, new BinaryData(content)));
        Assert.Equal(409, conflict.Status);
        await _through.DeleteBlobAsync(Name);
        Assert.Empty(_direct.GetBlobs());
    }

    [AzuriteFact]
    public async Task Batches_of_table_changes_pass_as_they_are()
    {
        await using var tables = await HttpFaultProxy.StartAsync(_azurite.Tables);
        var table = new TableClient(AzuriteServer.ConnectionStringOf(_azurite.Blobs, tables.Url), _name);
        await table.CreateAsync();
        await table.SubmitTransactionAsync(
            [.. new[] { "x", "y" }.Select(row => new TableTransactionAction(TableTransactionActionType.Add, new TableEntity("p", row) { ["n"] = row + row }))]);
        Assert.Equal(["xx", "yy"], table.Query<TableEntity>().Select(row => row.GetString("n")));
    }

    [AzuriteFact]
    public async Task Request_whose_answer_is_lost_is_carried_out()
    {
        _proxy.Faults = new ProxyFaults { LosesAnswers = true };
        var failure = await Assert.ThrowsAsync<RequestFailedException>(() => _through.UploadBlobAsync("b", new BinaryData("1")));
        Assert.Equal(0, failure.Status);
        Assert.True(await _direct.GetBlobClient("b").ExistsAsync());
    }

    [AzuriteTheory]
    [InlineData(503, "refused")]
    [InlineData(0, "cut off")]
    public async Task Request_that_is_refused_or_cut_off_is_not_carried_out(int status, string reason)
    {
        _proxy.Faults = reason == "refused" ? new ProxyFaults { Refuses = true } : ProxyFaults.CutOff;
        var failure = await Assert.ThrowsAsync<RequestFailedException>(() => _through.UploadBlobAsync("b", new BinaryData("1")));
        Assert.Equal(status, failure.Status);
        Assert.Empty(_direct.GetBlobs());
        _proxy.Faults = ProxyFaults.None;
        await _through.UploadBlobAsync("b", new BinaryData("1"));
        Assert.True(await _direct.GetBlobClient("b").ExistsAsync());
    }

    [AzuriteFact]
    public async Task Delayed_answer_comes_after_the_request_was_carried_out_and_when_the_fault_ends()
    {
        _proxy.Faults = new ProxyFaults { AnswerDelay = Timeout.InfiniteTimeSpan };
        var upload = _through.UploadBlobAsync("b", new BinaryData("1"));
        await Until.TrueAsync("the blob is there", async () => await _direct.GetBlobClient("b").ExistsAsync());
        Assert.False(upload.IsCompleted);
        _proxy.Faults = ProxyFaults.None;
        await upload;
    }

    [AzuriteFact]
    public async Task Delayed_request_is_carried_out_when_the_fault_ends_and_lost_when_a_cut_follows()
    {
        _proxy.Faults = new ProxyFaults { RequestDelay = Timeout.InfiniteTimeSpan };
        var (first, second) = (_through.UploadBlobAsync("b", new BinaryData("1")), Task.CompletedTask);
        Assert.Empty(_direct.GetBlobs());
        _proxy.Faults = ProxyFaults.None;
        await first;
        _proxy.Faults = new ProxyFaults { RequestDelay = Timeout.InfiniteTimeSpan };
        second = _through.DeleteBlobAsync("b");
        _proxy.Faults = ProxyFaults.CutOff;
        await Assert.ThrowsAsync<RequestFailedException>(() => second);
        Assert.True(await _direct.GetBlobClient("b").ExistsAsync());
    }

    public async Task InitializeAsync()
    {
        if (AzuriteServer.Command is null)
        {
            return;
        }

        _azurite = await AzuriteServer.SharedAsync();
        _proxy = await HttpFaultProxy.StartAsync(_azurite.Blobs);
        var options = new BlobClientOptions { Retry = { MaxRetries = 0, Mode = RetryMode.Fixed } };
        _through = new BlobContainerClient(AzuriteServer.ConnectionStringOf(_proxy.Url, _azurite.Tables), _name, options);
        _direct = new BlobContainerClient(_azurite.ConnectionString, _name, options);
        await _direct.CreateAsync();
    }

    public async Task DisposeAsync() => await (_proxy?.DisposeAsync() ?? ValueTask.CompletedTask);
}
