using System.Diagnostics;
using System.Globalization;
using Loire.Peers.Benchmarks.Measuring;

namespace Loire.Peers.Benchmarks.Loire;

/// <summary>Loire in a process of its own, over HTTP: either record batches, which the client makes and reads, or lines of text.</summary>
internal sealed class HttpContender(LoireServer server, bool isText) : Contender
{
    private int _topics;
    private string _topic = "";

    public override string Name => isText ? "Loire HTTP text" : "Loire HTTP";

    public override string Guarantee =>
        "synced before it is acknowledged. "
        + (isText ? "One chunked POST of text/plain lines for each partition, acknowledgements stream back; read with one GET of text/plain."
            : "One chunked POST of Kafka record batches (at most 64 KB, made by the client) for each partition, acknowledgements stream back; read with one GET"
                + " of record batches, which the client checks and decodes. One by one: a POST of the bare value, on a kept connection.");

    public override Process? Server => server.Process.Process;

    public override string Data => server.Data;

    public override bool TakesPartIn(Work work) => work.IsBatched || !isText;

    public override Task BeginAsync(Work work)
    {
        _topic = string.Create(CultureInfo.InvariantCulture, $"{(isText ? "text" : "batches")}-{++_topics}");
        return server.CreateTopicAsync(_topic, work.Streams);
    }

    public override Task EndAsync(Work work) => server.DeleteTopicAsync(_topic);

    public override async Task<Producer> ConnectProducerAsync(Work work, int stream)
    {
        var wire = await Wire.ConnectAsync(server.Process.Port);
        var path = string.Create(CultureInfo.InvariantCulture, $"/v1/topics/{_topic}/records?partition={stream}");
        return isText ? new HttpTextProducer(wire, work, path) : new HttpBatchProducer(wire, work, path);
    }

    public override async Task ConsumeAsync(Work work, int stream, int records, Tally tally)
    {
        using var request = new HttpRequestMessage(
            HttpMethod.Get,
            string.Create(CultureInfo.InvariantCulture, $"/v1/topics/{_topic}/partitions/{stream}/records?offset=earliest&until=latest"));
        request.Headers.Accept.ParseAdd(isText ? "text/plain" : HttpBatchProducer.MediaType);
        using var answer = await server.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        answer.EnsureSuccessStatusCode();
        await using var body = await answer.Content.ReadAsStreamAsync();
        await HttpBody.ReadAsync(body, isText ? HttpBody.TakeLines : HttpBody.TakeBatches, tally);
    }

    /// <summary>The server belongs to whoever started it.</summary>
    public override ValueTask DisposeAsync() => default;
}
