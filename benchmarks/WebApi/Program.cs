using System.Diagnostics;
using System.Net;
using System.Reflection;
using System.Text;
using Loire.Model;
using Loire.Model.Batches;
using Loire.Silo;
using Loire.WebApi.Benchmarks;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

// What one connection reaches, beside what the same server reaches when it only reads and counts the bytes; only the ratios mean something on a noisy machine.
// Usage: dotnet run -c Release --project benchmarks/WebApi -- [edge|node] [directory] [megabytes]
//   edge  grains that keep nothing: the cost of the edge alone    node  the whole node, durable
var mode = args.Length > 0 ? args[0] : "node";

// Only the directory that this run creates within the given one is deleted.
var directory = Path.Combine(args.ElementAtOrDefault(1) ?? Path.GetTempPath(), "loire-bench-" + Guid.NewGuid().ToString("N"));
var megabytes = args.Length > 2 ? int.Parse(args[2], System.Globalization.CultureInfo.InvariantCulture) : 200;
var options = new NodeOptions { Data = directory, Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)], LogLevel = LogLevel.Warning };
await using var app = LoireHost.Build(options, builder =>
{
    if (mode == "edge")
    {
        builder.Services.AddSingleton(DispatchProxy.Create<IGrainFactory, ForgetfulGrains>());
    }
});
app.MapPost("/baseline", async context =>
{
    context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpMaxRequestBodySizeFeature>()!.MaxRequestBodySize = null;
    long sum = 0;
    while (true)
    {
        var read = await context.Request.BodyReader.ReadAsync();
        sum += read.Buffer.Length;
        context.Request.BodyReader.AdvanceTo(read.Buffer.End);
        if (read.IsCompleted)
        {
            await context.Response.WriteAsync($"{sum}");
            return;
        }
    }
});
await app.StartAsync();
var address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
var server = new IPEndPoint(IPAddress.Loopback, address.Port);
using var http = new HttpClient { BaseAddress = address };
if (mode == "node")
{
    using var content = new StringContent("""{"topic_name":"t"}""", Encoding.UTF8, "application/json");
    (await http.PostAsync("/v1/topics", content)).EnsureSuccessStatusCode();
}

var value = new string('x', 100);
var text = Block(1 << 20, Encoding.ASCII.GetBytes(value + "\n"), out var textRecords);
var ndjson = Block(1 << 20, Encoding.ASCII.GetBytes($"{{\"value\":\"{value}\"}}\n"), out var ndjsonRecords);
var keyed = Block(1 << 20, Encoding.ASCII.GetBytes($"{{\"key\":\"some-key\",\"value\":\"{value}\",\"timestamp\":1767225600000}}\n"), out var keyedRecords);
var batches = Block(1 << 20, Batch(65536), out var batchCount);
for (var round = 0; round < 3; round++)
{
    Console.WriteLine($"round {round + 1} ({mode})");
    var bare = await Post("read and count", "/baseline", "text/plain", text, textRecords, 0);
    await Post("text/plain", "/v1/topics/t/records", "text/plain", text, textRecords, bare);
    await Post("NDJSON", "/v1/topics/t/records", "application/x-ndjson", ndjson, ndjsonRecords, bare);
    await Post("NDJSON, keyed", "/v1/topics/t/records", "application/x-ndjson", keyed, keyedRecords, bare);
    await Post("record batches", "/v1/topics/t/records?partition=0", "application/vnd.loire.record-batches", batches, batchCount * (65536 / 107), bare);
    if (mode == "node")
    {
        foreach (var accept in new[] { "application/vnd.loire.record-batches", "text/plain", "application/x-ndjson" })
        {
            var clock = Stopwatch.StartNew();
            var bytes = await SocketClient.GetAsync(server, "/v1/topics/t/partitions/0/records?until=" + (textRecords * megabytes), accept);
            Console.WriteLine($"  read {accept,-40} {bytes / 1e6 / clock.Elapsed.TotalSeconds,8:F0} MB/s {textRecords * megabytes / clock.Elapsed.TotalSeconds,12:N0} records/s");
        }
    }
}

await app.StopAsync();
if (Directory.Exists(directory))
{
    Directory.Delete(directory, recursive: true);
}

async Task<double> Post(string name, string path, string type, byte[] block, long recordsPerBlock, double bare)
{
    var allocated = GC.GetTotalAllocatedBytes();
    var clock = Stopwatch.StartNew();
    var answer = await SocketClient.PostAsync(server, path, type, block, megabytes);
    var seconds = clock.Elapsed.TotalSeconds;
    if (!answer.StartsWith("HTTP/1.1 200", StringComparison.Ordinal))
    {
        throw new InvalidOperationException(answer);
    }

    var rate = block.Length / 1e6 * megabytes / seconds;
    var records = recordsPerBlock * megabytes;
    var ratio = bare == 0 ? "" : $"{rate / bare,6:F2} of reading";
    Console.WriteLine(
        $"  {name,-45} {rate,8:F0} MB/s {records / seconds,12:N0} records/s {(GC.GetTotalAllocatedBytes() - allocated) / (double)records,7:F0} bytes allocated/record {ratio}");
    return rate;
}

static byte[] Block(int size, byte[] unit, out long units)
{
    units = size / unit.Length;
    var block = new byte[units * unit.Length];
    for (var i = 0; i < units; i++)
    {
        unit.CopyTo(block, i * unit.Length);
    }

    return block;
}

byte[] Batch(int size)
{
    var builder = new RecordBatchBuilder(size);
    var bytes = Encoding.ASCII.GetBytes(value);
    while (builder.Append(Timestamp.From(DateTimeOffset.UtcNow), default, true, bytes, false))
    {
    }

    return builder.Build().ToArray();
}
