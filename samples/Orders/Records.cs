using System.Collections.Concurrent;

namespace Loire.Samples.Orders;

public sealed record Order(string Customer, string Item, int Count, decimal Price);

public sealed record Invoice(string Customer, decimal Sum);

/// <summary>What each customer owes: a view that is built from the topic of invoices.</summary>
public sealed class Ledger
{
    private readonly ConcurrentDictionary<string, decimal> _sums = new();

    public decimal Owes(string customer) => _sums.GetValueOrDefault(customer);

    public void Add(Invoice invoice) => _sums.AddOrUpdate(invoice.Customer, invoice.Sum, (_, sum) => sum + invoice.Sum);
}
