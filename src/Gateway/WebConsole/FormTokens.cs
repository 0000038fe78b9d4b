using Microsoft.AspNetCore.Antiforgery;

namespace SyncCluster.Gateway.WebConsole;

/// <summary>What proves of a changing request that it comes from a page of the console, and not from another site.</summary>
internal static class FormTokens
{
    public const string Field = "form_token";

    public const string Header = "Form-Token";

    public const string Cookie = "synccluster-console-form";

    public static void AddFormTokens(this IServiceCollection services) => services.AddAntiforgery(options =>
    {
        options.FormFieldName = Field;
        options.HeaderName = Header;
        options.SuppressXFrameOptionsHeader = true;
        options.Cookie = new ConsoleCookie
        {
            Name = Cookie,
            HttpOnly = true,
            SameSite = SameSiteMode.Lax,
            SecurePolicy = CookieSecurePolicy.SameAsRequest,
            IsEssential = true,
        };
    });

    /// <summary>Reads the form of a changing request. Says why the request is refused: above all without the proof.</summary>
    public static async Task<Problem?> CheckAsync(HttpContext http) =>
        await RecipeUpload.ReceiveAsync(http) is { } problem ? problem
        : await AreRightAsync(http) ? null
        : Problems.NotFromConsole;

    /// <summary>Whether a request changes nothing, or has the proof.</summary>
    public static async Task<bool> AreRightAsync(HttpContext http)
    {
        if (HttpMethods.IsGet(http.Request.Method))
        {
            return true;
        }

        try
        {
            await http.RequestServices.GetRequiredService<IAntiforgery>().ValidateRequestAsync(http);
            return true;
        }
        catch (AntiforgeryValidationException)
        {
            return false;
        }
    }

    /// <summary>A cookie for the console alone, wherever a proxy serves it.</summary>
    private sealed class ConsoleCookie : CookieBuilder
    {
        public override CookieOptions Build(HttpContext context, DateTimeOffset expiresFrom)
        {
            var options = base.Build(context, expiresFrom);
            options.Path = ConsolePaths.RootOf(context.Request);
            return options;
        }
    }
}
