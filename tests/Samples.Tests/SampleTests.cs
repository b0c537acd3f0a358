using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Loire.Client.Testing;

namespace Loire.Samples.Tests;

public sealed class SampleTests
{
    [Fact]
    public async Task The_console_program_reads_back_what_it_produced_to_a_running_cluster()
    {
        var gateway = FreePorts.Next();
        await using var cluster = await LoireTestCluster.StartAsync(node => node.GatewayPort = gateway);
        Assert.Equal(0, await Console.Program.Main(["--gateway", $"{gateway}", "--count", "20000"]));
        Assert.Equal(2, await Console.Program.Main([]));
    }

    [Fact]
    public async Task The_order_service_turns_orders_into_what_customers_owe_and_nonsense_into_dead_letters()
    {
        var data = Directory.CreateTempSubdirectory("loire-orders-");
        var address = new Uri($"http://127.0.0.1:{FreePorts.Next()}");
        using var process = Process.Start(new ProcessStartInfo(
            "dotnet", [typeof(Orders.Ledger).Assembly.Location, "--urls", address.ToString(), "--Data", data.FullName])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        try
        {
            using var http = new HttpClient { BaseAddress = address };
            await UntilAsync(process, output, async () => (await http.GetAsync("/readyz")).IsSuccessStatusCode);
            await UntilAsync(process, output, async () => (await OrderAsync(http, "ann", 2)) == HttpStatusCode.Accepted);
            Assert.Equal(HttpStatusCode.Accepted, await OrderAsync(http, "ann", 3));
            Assert.Equal(HttpStatusCode.Accepted, await OrderAsync(http, "bob", 0));
            await UntilAsync(process, output, async () => await OwesAsync(http, "ann") == 17.5m);
            await UntilAsync(process, output, async () => await DeadAsync(http) == 1);

            // What the page shows.
            using var order = await http.PostAsJsonAsync("/orders", new { customer = "cid", item = "tea", count = 1, price = 3.5 });
            var delivered = JsonElement.Parse(await order.Content.ReadAsStringAsync());
            Assert.Equal(JsonValueKind.Number, delivered.GetProperty("offset").ValueKind);
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/topics/orders.dead/records?offset=earliest");
            request.Headers.Accept.ParseAdd("text/event-stream");
            using var dead = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            using var events = new StreamReader(await dead.Content.ReadAsStreamAsync(limit.Token));
            string? line;
            do
            {
                line = await events.ReadLineAsync(limit.Token);
            }
            while (line?.Contains("\"key\":\"bob\"", StringComparison.Ordinal) == false);
            Assert.NotNull(line);
            Assert.Equal(0, await OwesAsync(http, "bob"));
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
            data.Delete(recursive: true);
        }

        // The topics are there before the handlers read them.
        Assert.DoesNotContain("UNKNOWN_TOPIC_OR_PARTITION", string.Concat(await output), StringComparison.Ordinal);

        // A service that embeds a node has its log to itself.
        Assert.DoesNotContain("info: Orleans", string.Concat(await output), StringComparison.Ordinal);
        Assert.DoesNotContain("Polly", string.Concat(await output), StringComparison.Ordinal);
    }

    private static async Task<HttpStatusCode> OrderAsync(HttpClient http, string customer, int count)
    {
        using var answer = await http.PostAsJsonAsync("/orders", new { customer, item = "tea", count, price = 3.5 });
        return answer.StatusCode;
    }

    private static async Task<decimal> OwesAsync(HttpClient http, string customer) =>
        (await http.GetFromJsonAsync<JsonElement>($"/customers/{customer}")).GetProperty("owes").GetDecimal();

    private static async Task<long> DeadAsync(HttpClient http)
    {
        long dead = 0;
        for (var partition = 0; partition < 4; partition++)
        {
            var offsets = await http.GetFromJsonAsync<JsonElement>($"/v1/topics/orders.dead/partitions/{partition}/offsets");
            dead += offsets.GetProperty("high_watermark").GetInt64();
        }

        return dead;
    }

    // The service has no signal that a test could wait for; what it answers is what its users see.
    private static async Task UntilAsync(Process process, Task<string[]> output, Func<Task<bool>> condition)
    {
        for (var started = Stopwatch.StartNew(); started.Elapsed < TimeSpan.FromSeconds(60);)
        {
            Assert.False(process.HasExited, process.HasExited ? string.Join('\n', await output) : "");
            try
            {
                if (await condition())
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }

            await Task.Delay(20);
        }

        Assert.Fail("It did not happen within a minute.");
    }
}
