using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Loire.Model;

/// <summary>
/// States what must hold whatever the input is. Checked in release builds too: a broken invariant is our bug, and going on would spread it
/// into what is stored.
/// </summary>
public static class Invariant
{
    /// <summary>Checks that <paramref name="condition"/> holds.</summary>
    /// <param name="condition">What must be true.</param>
    /// <param name="statement">The invariant in words; by default the text of the condition.</param>
    /// <exception cref="InvariantException">It does not hold.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Check(
        [DoesNotReturnIf(false)] bool condition,
        [CallerArgumentExpression(nameof(condition))] string statement = "")
    {
        if (!condition)
        {
            Fail(statement);
        }
    }

    [DoesNotReturn]
    private static void Fail(string statement) => throw new InvariantException(statement);
}

/// <summary>An invariant is broken: a bug of ours. Whoever owns the state concerned gives it up, and nobody retries.</summary>
/// <param name="statement">The invariant in words.</param>
public sealed class InvariantException(string statement) : Exception($"This must hold and does not: {statement}");
