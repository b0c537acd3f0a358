using System.Collections.Concurrent;

namespace Loire.WebApi.Tests;

/// <summary>Counts the calls that the API makes to grains; those of grains among themselves are left out.</summary>
public sealed class GrainCallCounter : IOutgoingGrainCallFilter
{
    private readonly ConcurrentDictionary<string, int> _calls = new();

    /// <summary>How often a method was called since the last <see cref="Take"/>.</summary>
    public int CountOf(string method) => _calls.GetValueOrDefault(method);

    /// <summary>The calls since the last time, as <c>Append 2, Describe 1</c> in alphabetical order.</summary>
    public string Take()
    {
        var calls = string.Join(", ", _calls.OrderBy(call => call.Key, StringComparer.Ordinal).Select(call => $"{call.Key} {call.Value}"));
        _calls.Clear();
        return calls;
    }

    public Task Invoke(IOutgoingGrainCallContext context)
    {
        var contract = context.InterfaceMethod.DeclaringType!;
        var isFromApi = context.SourceId is not { } source || source.IsClient();
        if (isFromApi && contract.Namespace!.StartsWith("Loire.", StringComparison.Ordinal))
        {
            _calls.AddOrUpdate(context.InterfaceMethod.Name, 1, (_, count) => count + 1);
        }

        return context.Invoke();
    }
}
