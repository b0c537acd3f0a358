using System.Globalization;
using System.Numerics;

namespace Loire.Client.Avro;

/// <summary>A decimal number of any size: <see cref="Unscaled"/> divided by ten to the power of <see cref="Scale"/>.</summary>
/// <param name="Unscaled">The digits.</param>
/// <param name="Scale">How many of them are behind the point; not negative.</param>
public readonly record struct AvroDecimal(BigInteger Unscaled, int Scale)
{
    private const int MaxDecimalScale = 28;

    private static readonly BigInteger MaxDecimal = new(decimal.MaxValue);

    /// <summary>A decimal of .NET with its scale: 1.50 has two digits behind the point.</summary>
    public static AvroDecimal From(decimal value)
    {
        Span<int> parts = stackalloc int[4];
        decimal.GetBits(value, parts);
        var digits = new BigInteger(new decimal(parts[0], parts[1], parts[2], isNegative: value < 0, scale: 0));
        return new AvroDecimal(digits, value.Scale);
    }

    /// <summary>The same number as a decimal of .NET.</summary>
    /// <exception cref="OverflowException">It has more digits than that holds.</exception>
    public decimal ToDecimal()
    {
        var (digits, scale) = (Unscaled, Scale);
        while (scale > MaxDecimalScale || (scale > 0 && BigInteger.Abs(digits) > MaxDecimal))
        {
            digits = BigInteger.DivRem(digits, 10, out var lost);
            scale--;
            if (!lost.IsZero)
            {
                throw new OverflowException($"{this} has more digits than a decimal of .NET holds.");
            }
        }

        var whole = (decimal)digits;
        Span<int> parts = stackalloc int[4];
        decimal.GetBits(whole, parts);
        return new decimal(parts[0], parts[1], parts[2], isNegative: digits.Sign < 0, (byte)scale);
    }

    /// <summary>The number as text, in any culture with a point.</summary>
    public override string ToString()
    {
        var digits = BigInteger.Abs(Unscaled).ToString(CultureInfo.InvariantCulture).PadLeft(Scale + 1, '0');
        var text = Scale == 0 ? digits : $"{digits[..^Scale]}.{digits[^Scale..]}";
        return Unscaled.Sign < 0 ? "-" + text : text;
    }

    /// <summary>The digits at another scale; null if some behind the point would be lost.</summary>
    internal BigInteger? At(int scale)
    {
        if (scale >= Scale)
        {
            return Unscaled * BigInteger.Pow(10, scale - Scale);
        }

        var digits = BigInteger.DivRem(Unscaled, BigInteger.Pow(10, Scale - scale), out var lost);
        return lost.IsZero ? digits : null;
    }
}
