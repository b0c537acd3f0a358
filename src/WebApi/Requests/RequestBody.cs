using System.Buffers;
using System.IO.Pipelines;
using Loire.WebApi.Coding;
using Loire.WebApi.Errors;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Loire.WebApi.Requests;

/// <summary>Reads bodies by the rules of all routes: their maximum length, their longest pause, and what a failed read means.</summary>
internal static class RequestBody
{
    // What a body of unknown length is assumed to have until more of it has arrived.
    private const long FirstBytes = 64 * 1024;

    /// <summary>
    /// Prepares the body for reading: decodes its Content-Encoding, bounds it in bytes, null for no bound, and replaces the server's least data
    /// rate by <see cref="LoireApiOptions.StreamIdleTimeout"/>: a slow source is no attack while its connection is one of a bounded number.
    /// </summary>
    /// <exception cref="RefusedRequestException">The body has a Content-Encoding that is not supported (415).</exception>
    public static void Prepare(HttpContext context, long? maxBytes)
    {
        var isCoded = ContentCodings.TryDecode(context, maxBytes);
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            // Compression makes incompressible bytes slightly longer. Bytes that decode to nothing are bounded, too.
            size.MaxRequestBodySize = isCoded ? maxBytes + (maxBytes / 16) + 1024 : maxBytes;
        }

        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }
    }

    /// <summary>Reads a body to its end. The caller advances the reader to the end of the result when it has been used.</summary>
    /// <exception cref="BadHttpRequestException">
    /// The body, decoded, is longer than <paramref name="maxBytes"/> (413), has an unsupported (415) or wrong (400) Content-Encoding, pauses for too
    /// long (408) or breaks off (400), or the node stops (503).
    /// </exception>
    /// <exception cref="RefusedRequestException">The node has no memory for it (429).</exception>
    public static async ValueTask<ReadOnlySequence<byte>> ReadAllAsync(HttpContext context, long maxBytes)
    {
        Prepare(context, maxBytes);
        var reader = context.Request.BodyReader;

        // A small body usually has arrived with the headers, and needs no timer.
        if (TryReadArrived(reader, out var arrived))
        {
            return arrived;
        }

        var claim = RequestMemory.Of(context).OfBody(context);
        using var stream = RequestStream.Of(context);
        var expected = Math.Min(context.Request.ContentLength ?? FirstBytes, maxBytes);
        while (true)
        {
            // Before more is read: until then the body waits in the client.
            if (expected > claim.BodyBytes && !await claim.HoldBodyAsync(expected, context.RequestAborted))
            {
                BrokenBody.CloseAfter(context);
                throw new RefusedRequestException(RequestMemory.NoRoom);
            }

            var read = await stream.ReadAsync();
            expected = Math.Max(expected, Math.Min(2 * read.Buffer.Length, maxBytes));
            if (stream.Ended is { } end)
            {
                BrokenBody.CloseAfter(context);
                throw new RefusedRequestException(end);
            }

            if (read.IsCompleted)
            {
                return read.Buffer;
            }

            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    /// <summary>Whether there is a body, where it may be left out.</summary>
    public static bool IsPresent(HttpContext context) =>
        context.Features.Get<IHttpRequestBodyDetectionFeature>() is { } feature ? feature.CanHaveBody : context.Request.ContentLength > 0;

    /// <summary>
    /// What a failed read of the body means: the connection broke, or its chunks made no sense, which Kestrel says in several types. Only
    /// for reads of the body; any other input or output that fails is not the client's doing.
    /// </summary>
    public static BadHttpRequestException Broken(IOException exception) =>
        exception as BadHttpRequestException
            ?? new BadHttpRequestException("The body could not be read to its end.", StatusCodes.Status400BadRequest, exception);

    private static bool TryReadArrived(PipeReader reader, out ReadOnlySequence<byte> body)
    {
        body = default;
        try
        {
            if (!reader.TryRead(out var read))
            {
                return false;
            }

            if (read.IsCompleted)
            {
                body = read.Buffer;
                return true;
            }

            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            return false;
        }
        catch (IOException exception) when (exception is not BadHttpRequestException)
        {
            throw Broken(exception);
        }
    }
}
