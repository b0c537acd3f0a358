using Loire.Model.Memory;
using Loire.WebApi.Errors;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Loire.WebApi.Requests;

/// <summary>The memory that requests share (<see cref="LoireApiOptions.RequestBytes"/>). One for each host; thread-safe.</summary>
internal sealed class RequestMemory(IOptions<LoireApiOptions> options, TimeProvider time)
{
    // A request that gathers records asks for room once for so many bytes.
    private const int Step = 64 * 1024;

    private readonly MemoryQuota _quota = new(options.Value.RequestBytes);
    private readonly TimeSpan _wait = options.Value.MemoryWait;

    /// <summary>The problem of a request that found no room in time.</summary>
    public static ApiProblem NoRoom => new(
        ErrorCode.ThrottlingQuotaExceeded, "The node holds as many bytes of requests as its memory budget allows; try again.");

    /// <summary>Bytes that requests hold now.</summary>
    public long TakenBytes => _quota.TakenBytes;

    /// <summary>The memory of the request's host.</summary>
    public static RequestMemory Of(HttpContext context) => context.RequestServices.GetRequiredService<RequestMemory>();

    /// <summary>Begins a claim of a request of its own, which returns what it holds when the request ends, at the latest.</summary>
    public MemoryClaim Claim(HttpContext context)
    {
        var claim = new MemoryClaim(_quota);
        context.Response.RegisterForDispose(claim);
        return claim;
    }

    /// <summary>The claim that the body of a request and what is made of it share.</summary>
    public RequestClaim OfBody(HttpContext context)
    {
        if (context.Features.Get<RequestClaim>() is { } claim)
        {
            return claim;
        }

        claim = new RequestClaim(new MemoryClaim(_quota, Step), _wait, time);
        context.Features.Set(claim);
        context.Response.RegisterForDispose(claim);
        return claim;
    }

    /// <summary>Adjusts a claim to an amount, waiting if it grows.</summary>
    /// <returns>False if there was no room in time.</returns>
    public ValueTask<bool> HoldAsync(MemoryClaim claim, long bytes, CancellationToken cancellation) =>
        claim.HoldAsync(bytes, _wait, time, cancellation);
}

/// <summary>
/// The memory that one request holds for its body and for the records made of it. One claim, because a request that waits for what it holds itself would
/// wait for ever. Used by one flow at a time.
/// </summary>
internal sealed class RequestClaim(MemoryClaim claim, TimeSpan wait, TimeProvider time) : IDisposable
{
    private long _recordBytes;

    /// <summary>Bytes of the body.</summary>
    public long BodyBytes { get; private set; }

    /// <summary>Holds so many bytes of the body, waiting if they are more than before.</summary>
    /// <returns>False if there was no room in time.</returns>
    public async ValueTask<bool> HoldBodyAsync(long bytes, CancellationToken cancellation)
    {
        if (!await claim.HoldAsync(bytes + _recordBytes, wait, time, cancellation))
        {
            return false;
        }

        BodyBytes = bytes;
        return true;
    }

    /// <summary>Holds so many bytes of records if there is room now.</summary>
    public bool TryHoldRecords(long bytes)
    {
        if (!claim.TryHold(BodyBytes + bytes))
        {
            return false;
        }

        _recordBytes = bytes;
        return true;
    }

    /// <summary>Holds so many bytes of records, waiting if they are more than before.</summary>
    /// <returns>False if there was no room in time.</returns>
    public async ValueTask<bool> HoldRecordsAsync(long bytes, CancellationToken cancellation)
    {
        if (!await claim.HoldAsync(BodyBytes + bytes, wait, time, cancellation))
        {
            return false;
        }

        _recordBytes = bytes;
        return true;
    }

    public void Dispose() => claim.Dispose();
}
