namespace SyncCluster.WebConsole.Forms;

/// <summary>How an argument is entered.</summary>
public enum FieldKind
{
    /// <summary>The task gives the value.</summary>
    Fixed = 0,

    Text = 1,

    /// <summary>Text of several lines.</summary>
    LongText = 2,

    /// <summary>Several texts, a line each.</summary>
    Lines = 3,

    Number = 4,

    Date = 5,

    File = 6,

    Select = 7,

    /// <summary>JSON as it is.</summary>
    Json = 8,
}

/// <summary>An argument in the form of its task.</summary>
/// <param name="Position">Its position in a call, from 0.</param>
/// <param name="Label">What it is called.</param>
/// <param name="Kind">How it is entered.</param>
public sealed record FormField(int Position, string Label, FieldKind Kind)
{
    public string Help { get; init; } = "";

    public bool Required { get; init; }

    /// <summary>Of a <see cref="FieldKind.Select"/>: whether several options may be chosen.</summary>
    public bool Multiple { get; init; }

    /// <summary>In characters; 0 for none.</summary>
    public int MinLength { get; init; }

    /// <summary>In characters; null for any number.</summary>
    public int? MaxLength { get; init; }

    public IReadOnlyList<FormOption> Options { get; init; } = [];

    /// <summary>What stands there at first. Of a <see cref="FieldKind.File"/>: the data URL that is sent unless another file is chosen.</summary>
    public string Value { get; init; } = "";

    /// <summary>In lower case, as the page's script knows it.</summary>
    public string KindName => Kind.ToString().ToLowerInvariant();

    public string Id => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"argument-{Position}");
}

/// <param name="Label">What it is called.</param>
/// <param name="Json">What is sent.</param>
/// <param name="IsChosen">Whether it is chosen at first.</param>
public sealed record FormOption(string Label, string Json, bool IsChosen);
