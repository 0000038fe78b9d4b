using SyncCluster.Hosting;
namespace SyncCluster.Silo.Operator;

/// <summary>Who may look into a silo and end its jobs. Section <c>Operator</c>.</summary>
public sealed class OperatorOptions
{
    public const string Section = "Operator";

    /// <summary>
    /// SHA-256 of the operator's token, 64 hex digits, as the gateway's <c>token</c> command prints it. Without one nobody is let in.
    /// </summary>
    public string TokenSha256 { get; set; } = "";

    internal bool IsSensible => TokenSha256.Length == 0 || (TokenSha256.Length == 64 && TokenSha256.All(char.IsAsciiHexDigit));

    internal bool LetsIn(string? authorization) =>
        TokenSha256.Length > 0
        && authorization is not null
        && authorization.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)
        && Secret.Matches(authorization["Bearer ".Length..].Trim(), Convert.FromHexString(TokenSha256));
}
