using System.Text.Unicode;
using Loire.WebApi.Errors;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Loire.WebApi.Requests;

/// <summary>
/// The path and query as they were sent. The server leaves an ill-formed percent escape in a path as it is and replaces one in a query by
/// U+FFFD, so that a request would silently name something else.
/// </summary>
internal static class RequestTarget
{
    /// <summary>Makes all endpoints of a group refuse ill-formed escapes before anything else, in the shape of their dialect.</summary>
    public static TBuilder RefuseIllFormedEscapes<TBuilder>(this TBuilder endpoints)
        where TBuilder : IEndpointConventionBuilder
    {
        // Finally: in front of what the endpoints and groups add themselves.
        endpoints.Finally(endpoint =>
        {
            if (endpoint.RequestDelegate is { } handle)
            {
                endpoint.RequestDelegate = context => FindIllFormedEscape(context) is { } escape
                    ? throw new RefusedRequestException(new ApiProblem(
                        ErrorCode.InvalidRequest,
                        $"The percent escape {escape} is not UTF-8 in hexadecimal digits; a literal % is sent as %25.",
                        StatusCodes.Status400BadRequest))
                    : handle(context);
            }
        });
        return endpoints;
    }

    private static string? FindIllFormedEscape(HttpContext context)
    {
        var target = context.Features.Get<IHttpRequestFeature>()?.RawTarget ?? "";
        return target.Contains('%', StringComparison.Ordinal) ? FindIllFormedEscape(target) : null;
    }

    /// <summary>The first escape, with what belongs to the same character, that is not UTF-8; null if all are.</summary>
    public static string? FindIllFormedEscape(ReadOnlySpan<char> target)
    {
        Span<byte> bytes = stackalloc byte[64];
        while (target.IndexOf('%') is >= 0 and var start)
        {
            target = target[start..];

            // One run of escapes, in pieces that end where a character does.
            var (length, count) = (0, 0);
            while (length < target.Length && target[length] == '%')
            {
                var digits = target.Slice(length + 1, Math.Min(2, target.Length - length - 1));
                if (digits.Length < 2 || !char.IsAsciiHexDigit(digits[0]) || !char.IsAsciiHexDigit(digits[1]))
                {
                    return target.Slice(length, digits.Length + 1).ToString();
                }

                var value = (byte)((Hex(digits[0]) << 4) | Hex(digits[1]));
                if (count >= bytes.Length - 4 && (value & 0xc0) != 0x80)
                {
                    break;
                }

                if (count == bytes.Length)
                {
                    return target.Slice(length, 3).ToString();
                }

                bytes[count++] = value;
                length += 3;
            }

            if (!Utf8.IsValid(bytes[..count]))
            {
                return ApiProblem.Excerpt(target[..length].ToString());
            }

            target = target[length..];
        }

        return null;
    }

    private static int Hex(char digit) => digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
}
