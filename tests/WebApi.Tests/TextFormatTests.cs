using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Loire.WebApi.Tests;

public sealed class TextFormatTests
{
    [Fact]
    public async Task A_file_of_lines_comes_back_byte_for_byte()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        var random = new Random(1);
        var file = new byte[3_000_000];
        random.NextBytes(file);
        file[^1] = (byte)'\n';
        using var content = new ByteArrayContent(file) { Headers = { ContentType = new MediaTypeHeaderValue("text/plain") } };
        var response = await host.Http.PostAsync("/v1/topics/t/records", content);
        var answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(file.Count(b => b == '\n'), answer.GetProperty("records_accepted").GetInt64());

        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/topics/t/partitions/0/records?until=latest") { Headers = { Accept = { new("text/plain") } } };
        using var read = await host.Http.SendAsync(request);
        Assert.Equal(file, await read.Content.ReadAsByteArrayAsync());
        Assert.Equal(answer.GetProperty("records_accepted").ToString(), read.Headers.GetValues("Next-Offset").Single());
    }
}
