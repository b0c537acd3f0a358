using System.Net.Http.Json;
using System.Text.Json;
using System.Globalization;
using System.Net;

namespace Loire.Samples.Tests.ExactlyOnce;

/// <summary>The topic of payments on a node, over HTTP: it is the truth, whatever became of a request that was not answered.</summary>
internal sealed class PaymentsTopic(HttpClient http, Random random)
{
    public const int AccountsCount = 20;
    private const int Partitions = 4;
    private const int RecordsPerRequest = 50;
    private const int MostUnread = 1_000;

    public sealed record Payment(string From, string To, long Cents);

    public static string Account(int number) => string.Create(CultureInfo.InvariantCulture, $"account-{number:00}");

    /// <summary>Produces until cancelled, at most about a thousand records ahead of what is applied.</summary>
    public async Task ProduceAsync(Progress progress, CancellationToken end)
    {
        for (var produced = 0L; !end.IsCancellationRequested; produced += RecordsPerRequest)
        {
            try
            {
                await progress.WhenAsync(() => produced - progress.Offsets < MostUnread, end);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            await ProduceOnceAsync();
        }
    }

    /// <summary>The balance of each account, and the number of its entries, by what the topic holds.</summary>
    public async Task<Dictionary<string, (long Balance, long Entries)>> ExpectedAsync()
    {
        var accounts = Enumerable.Range(0, AccountsCount).ToDictionary(Account, _ => (Balance: 0L, Entries: 0L));
        for (var partition = 0; partition < Partitions; partition++)
        {
            await foreach (var payment in ReadAsync(partition))
            {
                Add(payment.From, -payment.Cents);
                Add(payment.To, payment.Cents);
            }
        }

        return accounts;

        void Add(string account, long cents) => accounts[account] = (accounts[account].Balance + cents, accounts[account].Entries + 1);
    }

    private async Task ProduceOnceAsync()
    {
        var records = Enumerable.Range(0, RecordsPerRequest)
            .Select(_ => new Payment(Account(random.Next(AccountsCount)), Account(random.Next(AccountsCount)), random.Next(1, 1_000_000)))
            .Select(payment => new { key = payment.From, value = payment })
            .ToArray();
        while (true)
        {
            try
            {
                // The names as they are: the sample reads them so.
                using var answer = await http.PostAsJsonAsync("/v1/topics/payments/records", new { records }, JsonSerializerOptions.Default);
                if (answer.IsSuccessStatusCode)
                {
                    return;
                }

                Assert.True(answer.StatusCode is HttpStatusCode.NotFound or >= HttpStatusCode.InternalServerError, await answer.Content.ReadAsStringAsync());
            }
            catch (HttpRequestException)
            {
                // The node was killed, and is started again.
            }

            await Task.Delay(20);
        }
    }

    private async IAsyncEnumerable<Payment> ReadAsync(int partition)
    {
        for (long next = 0, last = -1; next != last;)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/topics/payments/partitions/{partition}/records?offset={next}&max_wait_ms=0");
            request.Headers.Accept.ParseAdd("text/plain");
            using var answer = await http.SendAsync(request);
            foreach (var line in (await answer.EnsureSuccessStatusCode().Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                yield return JsonSerializer.Deserialize<Payment>(line)!;
            }

            (last, next) = (next, long.Parse(answer.Headers.GetValues("Next-Offset").Single(), CultureInfo.InvariantCulture));
        }
    }
}
