using System.Globalization;
using Microsoft.Extensions.Primitives;

namespace SyncCluster.Gateway.Requests;

/// <summary>The part of a finished job that is the body of the answer.</summary>
internal enum AnswerShape
{
    /// <summary>The job's output.</summary>
    Output = 0,

    /// <summary>The job's result.</summary>
    Result = 1,

    /// <summary>The job's document.</summary>
    Full = 2,

    /// <summary>One element of the output, read as JSON.</summary>
    Parsed = 3,
}

/// <summary>
/// The query flags that shape an answer. The first present of <c>result</c>, <c>full</c> and <c>parse</c> counts. A <c>parse</c> that names no element
/// is the same as no flag: both give the raw output.
/// </summary>
internal readonly record struct AnswerFlags
{
    private AnswerFlags(AnswerShape shape, int index = 0)
    {
        Shape = shape;
        Index = index;
    }

    public static AnswerFlags Output => default;

    public static AnswerFlags Result => new(AnswerShape.Result);

    public static AnswerFlags Full => new(AnswerShape.Full);

    public AnswerShape Shape { get; }

    /// <summary>The index of the element, from 0, if the shape is <see cref="AnswerShape.Parsed"/>.</summary>
    public int Index { get; }

    public static AnswerFlags Parse(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        return new(AnswerShape.Parsed, index);
    }

    public static AnswerFlags Of(IQueryCollection query)
    {
        if (query.ContainsKey("result"))
        {
            return Result;
        }

        if (query.ContainsKey("full"))
        {
            return Full;
        }

        return query.TryGetValue("parse", out var index) ? OfIndex(index) : Output;
    }

    /// <summary>The flags as the query of a <c>Location</c>: empty, or <c>?</c> and the one flag that counts.</summary>
    public string ToQueryString() => Shape switch
    {
        AnswerShape.Result => "?result",
        AnswerShape.Full => "?full",
        AnswerShape.Parsed when Index == 0 => "?parse",
        AnswerShape.Parsed => string.Create(CultureInfo.InvariantCulture, $"?parse={Index}"),
        _ => "",
    };

    private static AnswerFlags OfIndex(StringValues values)
    {
        if (values.Count > 1)
        {
            return Output;
        }

        var text = values.ToString();
        if (text.Length == 0)
        {
            return Parse(0);
        }

        // int.TryParse alone would let trailing NULs through. No output has an index that is too large for an int.
        return text.All(char.IsAsciiDigit) && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            ? Parse(index)
            : Output;
    }
}
