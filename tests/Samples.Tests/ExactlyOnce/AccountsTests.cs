using System.Net.Http.Json;
using System.Text.Json;
using Loire.Samples.Accounts;
using Xunit.Abstractions;

namespace Loire.Samples.Tests.ExactlyOnce;

public sealed class AccountsTests(ITestOutputHelper output) : IDisposable
{
    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("loire-accounts-");

    public void Dispose() => _data.Delete(recursive: true);

    [Fact]
    public async Task Whatever_happens_to_its_processes_each_account_has_its_payments_once()
    {
        var run = new FaultRun(output);
        var (port, gateway, random) = (FreePorts.Next(), FreePorts.Next(), new Random(run.Seed + 1));
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        var program = typeof(AccountGrain).Assembly;
        string[] arguments = ["--urls", $"http://127.0.0.1:{port}", "--gateway-port", $"{gateway}", "--data", Path.Combine(_data.FullName, "new")];
        await using var node = new FaultyProcess(program, arguments, random, run.Progress);
        string[] beside = ["--urls", "http://127.0.0.1:0", "--gateway", $"{gateway}", "--instance", "second"];
        await using var consumer = new FaultyProcess(program, beside, random, run.Progress);
        await using var rival = new FaultyProcess(program, [.. beside, "--group", "rival"], random, run.Progress);
        node.Start();
        await run.RunAsync(
            http,
            [node.KillAsync, () => consumer.ReplaceAsync(() => Task.FromResult(true)), rival.CompeteAsync],
            StoredAsync,
            () => node.Output + consumer.Output);

        async Task<Dictionary<string, (long Balance, long Entries)>> StoredAsync()
        {
            var accounts = new Dictionary<string, (long, long)>();
            for (var i = 0; i < PaymentsTopic.AccountsCount; i++)
            {
                var account = await http.GetFromJsonAsync<JsonElement>($"/accounts/{PaymentsTopic.Account(i)}");
                accounts[PaymentsTopic.Account(i)] = (account.GetProperty("balance").GetInt64(), account.GetProperty("entries").GetInt64());
            }

            return accounts;
        }
    }
}
