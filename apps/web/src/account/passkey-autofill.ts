import { authClient } from './auth-client.ts';

/**
 * Lets the browser offer passkeys in the list of the email field, where it can. Waits until one is chosen, or until
 * another use of a passkey takes its place.
 */
export async function offerPasskeys(signedIn: () => void, failed: (error: unknown) => void): Promise<void> {
  const canOffer = await window.PublicKeyCredential.isConditionalMediationAvailable?.();
  if (!canOffer) return;
  try {
    const { data, error } = await authClient.signIn.passkey({ autoFill: true });
    if (data !== null) signedIn();
    // Nobody asked for it: that it was passed over is no failure.
    else if (error !== null && 'code' in error && error.code === 'PASSKEY_NOT_FOUND')
      failed(new Error(error.message));
  } catch {
    // No network: the form says so once it is used.
  }
}
