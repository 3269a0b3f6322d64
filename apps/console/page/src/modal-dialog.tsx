import { Dialog } from '@base-ui/react/dialog';
import type { ReactNode } from 'react';
import { useApp } from './app-state.js';

/** A dialog that takes the focus, and gives it back. */
export default function ModalDialog({
  title,
  onClose,
  children,
}: {
  title: string;
  onClose: () => void;
  children: ReactNode;
}) {
  const { t } = useApp();
  return (
    <Dialog.Root open onOpenChange={onClose}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="dialog">
          <div className="bar">
            <Dialog.Title className="grow">{title}</Dialog.Title>
            <Dialog.Close>{t('close')}</Dialog.Close>
          </div>
          {children}
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
